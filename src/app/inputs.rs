//! What files of a request predict on.

use std::path::Path;

use super::error::RequestError;
use super::request::FilesRequest;
use crate::artifact::NONE;
use crate::matrix::{COMMAND_LINE, DatasetSpec, DeclaredInputs};
use crate::notation::ColumnType;

/// The inputs of a request; what stands beside each file, or random numbers, where `None`.
///
/// # Errors
/// When a type of a column is not written as one.
pub(super) fn declared(request: &FilesRequest) -> Result<Option<DeclaredInputs>, RequestError> {
    Ok(match &request.inputs {
        Some(path) => Some(DeclaredInputs::File(Box::new(spec(path, request)?))),
        None => request.load_only.then(|| DeclaredInputs::Named(NONE.to_owned())),
    })
}

fn spec(path: &Path, request: &FilesRequest) -> Result<DatasetSpec, RequestError> {
    let dtypes = request.dtype.iter().map(|text| {
        let (column, dtype) = text.split_once('=')?;
        ColumnType::parse(dtype)?;
        Some((column.to_owned(), dtype.to_owned()))
    });
    let dtypes = dtypes
        .zip(&request.dtype)
        .map(|(declared, text)| declared.ok_or_else(|| RequestError::ColumnType(text.clone())));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(DatasetSpec {
        declared_path: name.clone(),
        name,
        path: path.to_owned(),
        target: Vec::new(),
        drop: request.drop.clone(),
        dtypes: dtypes.collect::<Result<_, _>>()?,
        digest: None,
        dataframe: false,
        span: 0..0,
        outside: true,
        declared_at: COMMAND_LINE.to_owned(),
    })
}
