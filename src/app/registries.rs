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

#[cfg(test)]
mod tests {
    use super::super::fixture::Memory;
    use super::super::request::FilesRequest;
    use super::*;

    fn asked(path: &str) -> Vec<ArtifactDeclaration> {
        let request = FilesRequest { artifacts: vec![path.into()], ..FilesRequest::default() };
        request.declarations(None, None).unwrap()
    }

    fn version(stage: &str, place: &str, number: u64) -> String {
        format!("current_stage: {stage}\nname: x\nsource: {place}\nuser_id: ann\nversion: {number}\n")
    }

    /// A store of files that was moved after it was written: no path in it is one of this machine.
    fn store() -> Memory {
        let old = |run: &str| format!("file:///home/other/mlruns/0/{run}/artifacts/model");
        let (one, two, three) = (
            version("None", &old("a%20b"), 1),
            version("Production", &old("c"), 2),
            version("None", &old("c"), 3),
        );
        let far = version("None", "s3://bucket/0/c/artifacts/model", 7);
        let logged = version("Staging", "models:/m-1f", 4);
        Memory::of(&[
            ("shop/mlruns/models/churn/meta.yaml", "name: 'it''s churn'\n"),
            ("shop/mlruns/models/churn/aliases/champion", "1"),
            ("shop/mlruns/models/churn/tags/owner", "team-a\n"),
            ("shop/mlruns/models/churn/version-1/meta.yaml", &one),
            ("shop/mlruns/models/churn/version-2/meta.yaml", &two),
            ("shop/mlruns/models/churn/version-3/meta.yaml", &three),
            ("shop/mlruns/models/churn/version-3/tags/owner", "bob"),
            ("shop/mlruns/models/churn/version-9/meta.yaml", "version: nine\n"),
            ("shop/mlruns/models/far/meta.yaml", "name: far\n"),
            ("shop/mlruns/models/far/version-7/meta.yaml", &far),
            ("shop/mlruns/models/logged/meta.yaml", "name: logged\n"),
            ("shop/mlruns/models/logged/version-4/meta.yaml", &logged),
            ("shop/mlruns/models/empty/meta.yaml", "name: empty\n"),
            ("shop/mlruns/0/a b/artifacts/model/MLmodel", "flavors:\n"),
            ("shop/mlruns/0/c/artifacts/model/MLmodel", "flavors:\n"),
            ("shop/mlruns/0/models/m-1f/artifacts/MLmodel", "flavors:\n"),
        ])
    }

    #[test]
    fn a_store_of_files_stands_for_the_versions_that_somebody_points_at() {
        for path in ["shop/mlruns", "shop"] {
            let named = named(&store(), asked(path));
            let found: Vec<_> = named
                .declared
                .iter()
                .map(|it| (it.name.clone().unwrap(), it.registered.clone().unwrap()))
                .collect();
            let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["it-s-churn-v1", "it-s-churn-v2", "logged-v4"], "{path}");
            let (_, first) = &found[0];
            assert_eq!((first.model.as_str(), first.owner.as_deref()), ("it's churn", Some("team-a")));
            assert_eq!(
                (first.aliases.as_slice(), first.stage.as_deref()),
                (&["champion".to_owned()][..], None)
            );
            assert_eq!(found[1].1.stage.as_deref(), Some("Production"));
            assert_eq!(found[2].1.owner.as_deref(), Some("ann"));
            assert!(
                named.declared[0].path.ends_with("0/a b/artifacts/model"),
                "{:?}",
                named.declared[0].path
            );
            let [refused] = named.refused.as_slice() else { panic!("{:?}", named.refused) };
            assert!(
                refused.message.contains("s3://bucket") && refused.help.contains("models:/far/7"),
                "{refused:?}"
            );
            assert!(matches!(
                named.notices.as_slice(),
                [Notice::Registry { tried: 3, unused: 1, total: 5, .. }]
            ));
        }
    }

    #[test]
    fn what_is_no_registry_stays_what_it_was() {
        let files = Memory::of(&[("models/a/meta.yaml", "name: a\n"), ("x.db", "text")]);
        for path in ["models", "x.db", "gone", "sqlite:///gone.db"] {
            let named = named(&files, asked(path));
            assert_eq!(named.declared, asked(path));
            assert!(named.refused.is_empty() && named.notices.is_empty());
        }
    }

    #[test]
    fn a_database_tells_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mlflow.db");
        let model = folder.path().join("mlartifacts/1/m/artifacts");
        fs_err::create_dir_all(&model).unwrap();
        fs_err::write(model.join("MLmodel"), "flavors:\n").unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE model_versions (name TEXT, version INTEGER, user_id TEXT, current_stage TEXT, source TEXT);
                 CREATE TABLE registered_model_aliases (name TEXT, version INTEGER, alias TEXT);
                 CREATE TABLE registered_model_tags (name TEXT, key TEXT, value TEXT);
                 INSERT INTO model_versions VALUES ('churn', 1, 'ann', 'None', 'mlflow-artifacts:/1/m/artifacts'),
                     ('churn', 2, NULL, NULL, 'dbfs:/gone');
                 INSERT INTO registered_model_aliases VALUES ('churn', 1, 'live'), ('churn', 1, 'best');
                 INSERT INTO registered_model_tags VALUES ('churn', 'owner', 'team-a'), ('churn', 'other', 'x');",
            )
            .unwrap();
        let found = |text: &str| named(&super::super::disk::Disk, asked(text));
        let by_name = found(path.to_str().unwrap());
        let registered = by_name.declared[0].registered.as_ref().unwrap();
        assert_eq!(registered.aliases, ["best", "live"]);
        assert_eq!(registered.owner.as_deref(), Some("team-a"));
        assert_eq!(by_name.declared[0].path, model);
        assert_eq!(found(&format!("sqlite:///{}", path.display())).declared.len(), 1);
        // A database of something else is told as what it is not.
        let other = folder.path().join("other.db");
        rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
        let other = found(other.to_str().unwrap());
        assert!(other.refused[0].message.contains("cannot be read as a registry"), "{:?}", other.refused);
    }
}
