//! The matrix in a file, and the datasets that a plan uses.

use std::collections::BTreeMap;
use std::path::Path;

use super::disk::Disk;
use super::error::AppError;
use crate::artifact::{Finder, Packages};
use crate::dataset::{self, DatasetError};
use crate::matrix::{self, DatasetSpec, Matrix};
use crate::plan::{self, Plan, Selection};
use crate::store;

/// The matrix in a file.
///
/// # Errors
/// When it is invalid.
pub fn load_matrix(path: &Path) -> Result<Matrix, AppError> {
    let finder = Finder { files: &Disk, default_producer: None, packages: Packages::new() };
    Ok(matrix::load_with(path, &store::read_input, &finder)?)
}

/// The matrix in a file and what is selected of it.
///
/// # Errors
/// When it is invalid, or nothing is selected.
pub fn load_plan(path: &Path, selection: &Selection) -> Result<(Matrix, Plan), AppError> {
    let matrix = load_matrix(path)?;
    let plan = plan::plan(&matrix, selection)?;
    Ok((matrix, plan))
}

/// The datasets that a plan uses, as the agent reads them.
///
/// # Errors
/// When one cannot be read.
pub fn load_datasets(matrix: &Matrix, plan: &Plan) -> Result<BTreeMap<String, Vec<u8>>, AppError> {
    let mut encoded = BTreeMap::new();
    for name in plan.models.iter().flat_map(|model| std::iter::once(&model.dataset).chain(&model.inputs)) {
        if encoded.contains_key(name) {
            continue;
        }
        if let Some(bytes) = matrix.given.get(name) {
            encoded.insert(name.clone(), bytes.clone());
            continue;
        }
        // Names of datasets were checked when the matrix was compiled.
        let Some(spec) = matrix.datasets.get(name) else { continue };
        encoded.insert(name.clone(), read(spec)?);
    }
    Ok(encoded)
}

fn read(spec: &DatasetSpec) -> Result<Vec<u8>, Box<DatasetError>> {
    let read = |path: &Path| {
        store::read_input(path).map_err(|error| Box::new(DatasetError::unreadable(spec, &error)))
    };
    let bytes = read(&spec.path)?;
    let is_npy = spec.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
    let target = match spec.target.as_slice() {
        [target] if is_npy => Some(read(Path::new(target))?),
        _ => None,
    };
    Ok(dataset::parse(spec, &bytes, target.as_deref()).map_err(Box::new)?.encode())
}
