//! From paths to models, without any environment: what is found, what it is, who made it, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io;
use std::path::{Path, PathBuf};

use shelflife::artifact::{self, Files, Finder, Kind, Packages};
use shelflife::matrix::{
    ArtifactDeclaration, EnvironmentSpec, Expanded, ExternalArtifact, FindArtifacts as _, ModelSpec,
    RuntimeSpec, VersionSpec,
};

struct Disk;

impl Files for Disk {
    fn kind(&self, path: &Path) -> Kind {
        match fs_err::metadata(path) {
            Ok(known) if known.is_dir() => Kind::Folder,
            Ok(_) => Kind::File,
            Err(_) if fs_err::symlink_metadata(path).is_ok() => Kind::Dangling,
            Err(_) => Kind::Missing,
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut entries: Vec<PathBuf> =
            fs_err::read_dir(folder)?.map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        Ok(entries)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs_err::read(path)
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

fn find(folder: &Path, below: &str, packages: &Packages) -> Expanded {
    let path = folder.join(below);
    let declaration = ArtifactDeclaration {
        declared_path: path.display().to_string(),
        path,
        name: None,
        format: None,
        made_by: None,
        inputs: None,
        expected: None,
        methods: None,
        seed: 0,
    };
    Finder { files: &Disk, default_producer: None, packages: packages.clone() }.find(&[declaration], &[])
}

/// The state of an estimator in protocol 4, with its version.
fn pickled(module: &str, class: &str, version: &str) -> Vec<u8> {
    let text = |text: &str| [&[0x8c, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [
        &b"\x80\x04"[..],
        &text(module),
        &text(class),
        b"\x93)\x81}(",
        &text("_sklearn_version"),
        &text(version),
        b"ub.",
    ]
    .concat()
}

const MLMODEL: &str = "flavors:\n  python_function:\n    python_version: 3.11.7\n  sklearn:\n    pickled_model: model.pkl\n    \
                       sklearn_version: 1.5.2\nmlflow_version: 2.22.0\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    };
    write("models/churn/MLmodel", MLMODEL.as_bytes());
    write("models/churn/requirements.txt", b"mlflow==2.22.0\nscikit-learn==1.5.2\nnumpy==2.1.3\npandas<3\n");
    write("models/churn/python_env.yaml", b"python: 3.12.1\nbuild_dependencies:\n- pip\n");
    write("models/churn/input_example.json", b"{\"columns\": [\"a\"], \"data\": [[1.0], [2.0]]}");
    write("models/churn/model.pkl", &pickled("sklearn.linear_model._base", "LinearRegression", "1.5.2"));
    write("models/plain.pkl", &pickled("sklearn.linear_model._base", "LinearRegression", "1.3.2"));
    write("models/mixed.pkl", &pickled("imblearn.combine", "SMOTEENN", "1.3.2"));
    write("models/other/MLmodel", b"flavors:\n  xgboost:\n    data: model.xgb\nmlflow_version: 2.22.0\n");
    write("models/other/model.xgb", b"binf");
    folder
}

fn file<'a>(found: &'a Expanded, name: &str) -> (&'a ModelSpec, &'a ExternalArtifact) {
    let model = found.models.iter().find(|model| model.name.as_str() == name).unwrap();
    (model, model.source.file().unwrap())
}

#[test]
fn a_folder_of_mlflow_is_one_artifact_with_the_environment_that_it_names() {
    let folder = folder();
    let found = find(folder.path(), "models", &Packages::new());
    let names: Vec<&str> = found.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["mixed", "plain", "churn", "other"]);
    let (model, churn) = file(&found, "churn");
    assert_eq!(model.formats[0].as_str(), "mlflow");
    assert!(churn.refusal.is_none() && churn.packed.is_some(), "{:?}", churn.refusal);
    assert_eq!(churn.inputs_from, "inputs: its input example");
    let maker = found.environments.iter().find(|env| env.name == churn.producer).unwrap();
    assert_eq!(maker.runtime, RuntimeSpec::Venv { python: "3.12".to_owned() });
    let exact = |version: &str| Some(VersionSpec::Exact(version.to_owned()));
    for (package, version) in [("scikit-learn", "1.5.2"), ("numpy", "2.1.3"), ("mlflow-skinny", "2.22.0")] {
        assert_eq!(maker.packages.get(package).cloned(), exact(version), "{package}");
    }
    assert_eq!(maker.packages.get("pandas"), Some(&VersionSpec::Latest));
    assert!(!maker.packages.contains_key("mlflow"));
    // Its description stands for the folder, and the same bytes are found again.
    let again = find(folder.path(), "models/churn/MLmodel", &Packages::new());
    assert_eq!(file(&again, "churn").1.digest, churn.digest);
    let (_, other) = file(&found, "other");
    assert!(other.refusal.as_ref().unwrap().contains("without the flavor sklearn (xgboost)"));
}

#[test]
fn producers_of_one_command_share_what_reading_takes() {
    let folder = folder();
    let found = find(folder.path(), "models", &Packages::new());
    let needs = artifact::needs(&found.models);
    assert_eq!(needs.get("mlflow-skinny").unwrap().as_deref(), Some("2.22.0"));
    let mut environments = vec![
        EnvironmentSpec::new("few", RuntimeSpec::Venv { python: "3.11".to_owned() }),
        EnvironmentSpec {
            whole: true,
            ..EnvironmentSpec::new("lock", RuntimeSpec::Venv { python: "3.11".to_owned() })
        },
    ];
    let changed = artifact::add_packages(&mut environments, &needs);
    assert_eq!(changed.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["few"]);
    let found = find(folder.path(), "models", &needs);
    let (_, plain) = file(&found, "plain");
    let (_, mixed) = file(&found, "mixed");
    assert_eq!(plain.producer, mixed.producer);
    assert_eq!(mixed.imports.get("imblearn").map(String::as_str), Some("imbalanced-learn"));
    assert!(plain.imports.is_empty());
}

#[test]
fn what_an_artifact_is_checked_by_is_never_done_without() {
    let refusal = |companions: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let ridge = pickled("sklearn.linear_model._ridge", "Ridge", "1.5.2");
        fs_err::write(folder.path().join("ridge.pkl"), ridge).unwrap();
        for (name, text) in companions {
            fs_err::write(folder.path().join(name), text).unwrap();
        }
        let found = find(folder.path(), "ridge.pkl", &Packages::new());
        file(&found, "ridge").1.refusal.clone()
    };
    assert_eq!(refusal(&[]), None);
    assert_eq!(refusal(&[("ridge_validation.json", r#"{"inputs": [[1.0], [2.0]]}"#)]), None);
    for (name, text) in [
        ("ridge_validation.json", "not json"),
        ("ridge_validation.json", "{}"),
        ("ridge_validation.json", r#"{"inputs": "nonsense"}"#),
        ("ridge_metadata.json", r#"{"sha256": "abc"}"#),
        ("ridge_metadata.json", "{"),
    ] {
        let why = refusal(&[(name, text)]).unwrap_or_else(|| panic!("{name} with {text}"));
        assert!(why.contains(name) && why.contains("nothing was loaded"), "{why}");
    }
    // Files of other tools have such names, too.
    assert_eq!(refusal(&[("metadata.json", "{"), ("validation.json", r#"{"rules": []}"#)]), None);
}
