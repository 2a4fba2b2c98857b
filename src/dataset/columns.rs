//! What a dataset is once it has been read.

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
    },
    /// Columns of different types.
    Table(Vec<Column>),
    /// One column of texts, handed over as a list of strings.
    Text(Column),
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// A value for each row.
    pub values: Values,
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
    /// `text`; missing values are `None`.
    Text(Vec<Option<String>>),
}

impl Values {
    /// The name of the type, as the header of the encoded form has it.
    pub const fn dtype(&self) -> &'static str {
        match self {
            Self::F64(_) => "float64",
            Self::F32(_) => "float32",
            Self::I64(_) => "int64",
            Self::Bool(_) => "bool",
            Self::Text(_) => "text",
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Text(values) => values.len(),
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
