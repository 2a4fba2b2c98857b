//! What a dataset is once it has been read.

use crate::vocab::InputForm;

/// A parsed dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Number of rows.
    pub rows: usize,
    /// X.
    pub features: Features,
    /// y, where the dataset has one.
    pub target: Option<Target>,
    /// Whether X is handed over as a pandas DataFrame.
    pub dataframe: bool,
    /// Whether its columns have names of their own, rather than numbers.
    pub named: bool,
    /// The form in which a model outside is given it, where that is known; found out otherwise.
    pub form: Option<InputForm>,
}

/// X.
#[derive(Clone, Debug, PartialEq)]
pub enum Features {
    /// One matrix of numbers.
    Array {
        /// A name for each column.
        names: Vec<String>,
        /// The values, row by row; floats or integers.
        values: Values,
        /// Number of dimensions of the array; 1 is a line of values rather than rows of them.
        shape: Shape,
        /// What each column would be in a DataFrame, where that is another type; empty where no column is.
        read_as: Vec<Option<ReadAs>>,
    },
    /// Columns of different types.
    Table(Vec<Column>),
    /// One column of texts, handed over as a list of strings.
    Text(Column),
    /// What is no table: a list of whatever JSON holds, or an array of another type than numbers.
    List {
        /// Its items, or the elements of the array in C order.
        items: Vec<serde_json::Value>,
        /// numpy's name of the array's type, with its shape; a list where `None`.
        array: Option<(String, Vec<u64>)>,
    },
}

/// The shape of an array of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Rows of columns.
    #[default]
    Rows,
    /// As numpy has it: one dimension, or three and more. Names of columns count the values of one row.
    Own(Vec<u64>),
}

/// What pandas makes of a column whose type nobody has declared, where an array would hold something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAs {
    /// Whole numbers, none missing.
    Whole,
    /// `True` and `False`; with gaps, objects.
    Truths,
    /// Texts, of which some words mean that there is none.
    Texts,
    /// The type that the file itself says, narrower than what an array holds.
    Stored(&'static str),
}

impl ReadAs {
    /// The word for it in the encoded form.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Whole => "int64",
            Self::Truths => "bool",
            Self::Texts => "object",
            Self::Stored(dtype) => dtype,
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// A value for each row.
    pub values: Values,
    /// What pandas makes of it, where it was inferred.
    pub read_as: Option<ReadAs>,
}

impl Column {
    /// A column whose type is known.
    pub fn typed(name: impl Into<String>, values: Values) -> Self {
        Self { name: name.into(), values, read_as: None }
    }
}

/// Values of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// `float64`; missing values are NaN.
    F64(Vec<f64>),
    /// `float32`; missing values are NaN.
    F32(Vec<f32>),
    /// `int64`.
    I64(Vec<i64>),
    /// `bool`.
    Bool(Vec<bool>),
    /// Truths with gaps: `None` is none.
    Gaps(Vec<Option<bool>>),
    /// `text`; missing values are `None`.
    Text(Vec<Option<String>>),
    /// Of any type that pandas knows, as a package writes it down.
    Pandas {
        /// How it is written down: dtype, categories and their type, order.
        dtype: serde_json::Value,
        /// The values.
        items: Vec<serde_json::Value>,
    },
}

impl Values {
    /// The name of the type, as the header of the encoded form has it.
    pub const fn dtype(&self) -> &'static str {
        match self {
            Self::F64(_) => "float64",
            Self::F32(_) => "float32",
            Self::I64(_) => "int64",
            Self::Bool(_) => "bool",
            Self::Gaps(_) => "truths",
            Self::Text(_) => "text",
            Self::Pandas { .. } => "pandas",
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Gaps(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Pandas { items, .. } => items.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// y.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// A name for each column, one or more.
    pub names: Vec<String>,
    /// The values, row by row: `float64`, `int64` or `text`, none missing.
    pub values: Values,
}
