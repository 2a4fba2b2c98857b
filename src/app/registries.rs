//! Registries among what was named: a tracking store of MLflow, in files or in a database, stands for the versions of
//! registered models that are in use.

use std::path::{Path, PathBuf};

use super::listener::Notice;
use crate::artifact::{Files, Kind, ModelVersion, Store, in_use, versions_of_files};
use crate::matrix::{ArtifactDeclaration, Refusal};
use crate::store;

/// How addresses of databases begin; a fourth slash makes the path an absolute one.
const SQLITE: &str = "sqlite:///";
/// The folder of a store of files.
const RUNS: &str = "mlruns";

/// What was named, with registries taken apart.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Declarations: those that were given, and one for each version of a registry.
    pub(super) declared: Vec<ArtifactDeclaration>,
    /// What registries hold and nobody can try here.
    pub(super) refused: Vec<Refusal>,
    /// What to tell of each registry.
    pub(super) notices: Vec<Notice>,
}

/// Takes apart what is a registry.
pub(super) fn named(files: &dyn Files, declared: Vec<ArtifactDeclaration>) -> Named {
    let mut named = Named::default();
    for declaration in declared {
        match found(files, &declaration.declared_path) {
            None => named.declared.push(declaration),
            Some(Err(why)) => named.refused.push(Refusal {
                message: format!(
                    "`{}` cannot be read as a registry of MLflow: {why}",
                    declaration.declared_path
                ),
                help: "give the database of a tracking server of MLflow, or the folder mlruns".to_owned(),
            }),
            Some(Ok((folder, versions))) => {
                let total = versions.len();
                let Store { folders, unused, refused } = in_use(files, &folder, versions);
                named.notices.push(Notice::Registry {
                    name: declaration.declared_path.clone(),
                    tried: folders.len(),
                    unused,
                    total,
                });
                named.refused.extend(refused);
                named.declared.extend(folders.into_iter().map(|found| ArtifactDeclaration {
                    name: Some(found.name()),
                    declared_path: found.path.display().to_string(),
                    path: found.path,
                    registered: Some(found.registered),
                    ..declaration.clone()
                }));
            }
        }
    }
    named
}

/// The versions in a registry and the folder of its store; `None` for what is none.
fn found(
    files: &dyn Files,
    text: &str,
) -> Option<Result<(PathBuf, Vec<ModelVersion>), store::TrackingError>> {
    let path = Path::new(text.strip_prefix(SQLITE).unwrap_or(text));
    match files.kind(path) {
        Kind::File => {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            // Paths of a store are looked for in the folder of runs beside the database.
            let versions = store::registered_versions(path).transpose()?;
            Some(versions.map(|versions| (folder.join(RUNS), versions)))
        }
        Kind::Folder => {
            let stores = [path.to_owned(), path.join(RUNS)];
            stores.into_iter().find_map(|store| Some(Ok((store.clone(), versions_of_files(files, &store)?))))
        }
        Kind::Dangling | Kind::Missing => None,
    }
}
