//! The `shelflife` command.

fn main() {}
