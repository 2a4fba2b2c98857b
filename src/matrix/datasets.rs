//! What a matrix or a command line says of a dataset.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use crate::vocab::Digest;

/// One dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetSpec {
    /// Its name.
    pub name: String,
    /// The file, relative paths already resolved against the matrix file.
    pub path: PathBuf,
    /// The file as the matrix writes it: the same wherever the matrix stands.
    pub declared_path: String,
    /// Target: column names of the CSV (several for multi-output), or one path of a second `.npy`.
    pub target: Vec<String>,
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// Declared dtypes by column (`float64`, `float32`, `int64`, `text`); inferred where absent.
    pub dtypes: BTreeMap<String, String>,
    /// The digest that the file must have.
    pub digest: Option<Digest>,
    /// Whether X is handed over as a pandas DataFrame.
    pub dataframe: bool,
    /// Whether it is for models from outside, any of which may want it as a DataFrame.
    pub outside: bool,
    /// Where it is declared: byte span in the file that `declared_at` names, for messages about the data.
    pub span: Range<usize>,
    /// Where it is declared, as `file:line`.
    pub declared_at: String,
}

impl DatasetSpec {
    /// How the type of a column is declared where this dataset is.
    pub fn dtype_hint(&self, column: &str, dtype: &str) -> String {
        if self.declared_at == COMMAND_LINE {
            format!("--dtype {column}={dtype}")
        } else {
            format!("dtypes = {{ {column} = \"{dtype}\" }}")
        }
    }
}

/// Where inputs of a command line are declared.
pub const COMMAND_LINE: &str = "--inputs";
