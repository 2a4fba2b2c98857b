//! What files of a request predict on.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{AppError, InputsError, RequestError};
use super::request::FilesRequest;
use crate::artifact::{Files, NONE, json_inputs};
use crate::matrix::{COMMAND_LINE, DatasetSpec};

/// Types that a column can be declared with.
const DTYPES: [&str; 5] = ["float64", "float32", "int64", "bool", "text"];

/// The inputs of a request: the name that artifacts call them by, and where they come from.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// Their name; what stands beside each file, or random numbers, where `None`.
    pub name: Option<String>,
    /// A dataset to be read.
    pub datasets: BTreeMap<String, DatasetSpec>,
    /// What was read already.
    pub given: BTreeMap<String, Vec<u8>>,
}

impl Inputs {
    pub(super) fn of(request: &FilesRequest, files: &dyn Files) -> Result<Self, AppError> {
        let mut inputs = Self::default();
        let Some(path) = &request.inputs else {
            inputs.name = request.load_only.then(|| NONE.to_owned());
            return Ok(inputs);
        };
        let unusable = |why: InputsError| AppError::Inputs { path: path.clone(), why };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let extension = path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("csv" | "npy" | "parquet") => {
                inputs.datasets.insert(name.clone(), spec(&name, path, request)?);
            }
            Some("json" | "jsonl") => {
                let bytes = files.read(path).map_err(|error| unusable(error.into()))?;
                let rows = json_inputs(path, &bytes).map_err(|says| unusable(InputsError::Rows(says)))?;
                inputs.given.insert(name.clone(), rows.encode());
            }
            _ => return Err(unusable(InputsError::Extension)),
        }
        inputs.name = Some(name);
        Ok(inputs)
    }
}

fn spec(name: &str, path: &Path, request: &FilesRequest) -> Result<DatasetSpec, RequestError> {
    let dtypes = request.dtype.iter().map(|text| {
        let (column, dtype) = text.split_once('=').filter(|(_, dtype)| DTYPES.contains(dtype))?;
        Some((column.to_owned(), dtype.to_owned()))
    });
    let dtypes = dtypes
        .zip(&request.dtype)
        .map(|(declared, text)| declared.ok_or_else(|| RequestError::ColumnType(text.clone())));
    Ok(DatasetSpec {
        name: name.to_owned(),
        declared_path: path.display().to_string(),
        path: path.to_owned(),
        target: Vec::new(),
        drop: request.drop.clone(),
        dtypes: dtypes.collect::<Result<_, _>>()?,
        digest: None,
        dataframe: false,
        span: 0..0,
        declared_at: COMMAND_LINE.to_owned(),
    })
}
