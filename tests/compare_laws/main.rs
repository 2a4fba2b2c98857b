//! Laws of the comparison of outputs, on the public functions of `shelflife::compare`.

mod cells;
mod hostile;
mod labels;
mod numbers;
mod sparse;
mod support;
mod text;
mod ulp;
