//! From paths to models, without any environment: what is found, what it is, who made it, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io;
use std::path::{Path, PathBuf};

use shelflife::artifact::{self, Files, Finder, Kind, Packages};
use shelflife::matrix::{
    ArtifactDeclaration, AskedPackage, EnvironmentSpec, Expanded, ExternalArtifact, FindArtifacts as _,
    ModelSpec, RuntimeSpec, VersionSpec,
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
    find_allowing(folder, below, packages, &Packages::new())
}

fn find_allowing(folder: &Path, below: &str, packages: &Packages, allowed: &Packages) -> Expanded {
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
        modules: Vec::new(),
        allowed: allowed.clone(),
        registered: None,
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
    let needs = artifact::needs(&found.models, &[]);
    assert_eq!(needs.get("mlflow-skinny").unwrap().as_deref(), Some("2.22.0"));
    let mut environments = vec![
        EnvironmentSpec::new("few", RuntimeSpec::Venv { python: "3.11".to_owned() }),
        EnvironmentSpec {
            whole: true,
            ..EnvironmentSpec::new("lock", RuntimeSpec::Venv { python: "3.11".to_owned() })
        },
    ];
    let changed = artifact::add_packages(&mut environments, &needs);
    assert_eq!(changed.iter().map(|it| it.environment.as_str()).collect::<Vec<_>>(), ["few"]);
    let found = find(folder.path(), "models", &needs);
    let (_, plain) = file(&found, "plain");
    let (_, mixed) = file(&found, "mixed");
    assert_eq!(plain.producer, mixed.producer);
    assert_eq!(mixed.imports.get("imblearn").map(String::as_str), Some("imbalanced-learn"));
    // No byte of it names a release: each side gets that of the days of its scikit-learn.
    let exact = |version: &str| Some(VersionSpec::Exact(version.to_owned()));
    let maker = found.environments.iter().find(|env| env.name == mixed.producer).unwrap();
    assert_eq!(maker.extras.get("imbalanced-learn").cloned(), exact("0.11.0"));
    let mut reader = EnvironmentSpec::new("new", RuntimeSpec::Venv { python: "3.11".to_owned() });
    reader.packages = [("scikit-learn".to_owned(), exact("1.7.2").unwrap())].into();
    let mut reader = [reader];
    let changed = artifact::add_packages(&mut reader, &needs);
    assert!(changed[0].requirements.contains(&"imbalanced-learn==0.14.0".to_owned()), "{changed:?}");
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

/// The packages of the environment that wrote the only file of a folder, the file, and what it asks for.
fn maker_of(files: &[(&str, &[u8])], below: &str, allowed: &Packages) -> (Vec<String>, Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }
    let found = find_allowing(folder.path(), below, &Packages::new(), allowed);
    let file = found.models[0].source.file().unwrap();
    let maker = found.environments.iter().find(|env| env.name == file.producer);
    let packages = maker.map(|maker| {
        maker.packages.iter().map(|(package, version)| version.requirement(package)).collect::<Vec<_>>()
    });
    let asked = file.asked.iter().map(AskedPackage::requirement).collect();
    (packages.unwrap_or_default(), asked, file.notes.join("\n"))
}

#[test]
fn what_lies_beside_a_file_installs_nothing_that_nobody_knows() {
    let model = pickled("sklearn.linear_model._base", "LinearRegression", "1.5.2");
    let own = pickled("acme_models.linear", "Line", "1.5.2");
    let beside = |metadata: &str, bytes: &[u8], allowed: &Packages| {
        maker_of(
            &[("m_model.joblib", bytes), ("m_metadata.json", metadata.as_bytes())],
            "m_model.joblib",
            allowed,
        )
    };
    let none = Packages::new();
    for (metadata, asked) in [
        // Names of the index that anybody can have registered.
        (
            r#"{"lock": {"packages": {"scikit-learn": "1.5.2", "evil-pth": "1.0"}}}"#,
            &["evil-pth==1.0"] as &[_],
        ),
        (
            r#"{"packages": {"scikit-learn": "1.5.2", "Evil_Pth": "1.0", "numpy": "2.1.3"}}"#,
            &["evil-pth==1.0"],
        ),
        (r#"{"environment": {"scikit-learn": "1.5.2", "scikit-leam": "1.5.2"}}"#, &["scikit-leam==1.5.2"]),
        (r#"{"packages": {"scikit-learn": "1.5.2", "sklearn": "0.0"}}"#, &["sklearn==0.0"]),
        // Addresses, options and lines where a version should be.
        (
            r#"{"packages": {"scikit-learn": "1.5.2", "numpy": "1.0 @ https://x/y.whl"}}"#,
            &["numpy==1.0 @ https://x/y.whl"],
        ),
        (
            r#"{"packages": {"scikit-learn": "1.5.2", "numpy": "2.1.3\n--index-url https://x"}}"#,
            &["numpy==2.1.3\n--index-url https://x"],
        ),
        (
            r#"{"packages": {"scikit-learn": "1.5.2", "--index-url=https://x": "1"}}"#,
            &["--index-url=https://x==1"],
        ),
        (r#"{"packages": {"scikit-learn": "1.5.2", "git+https://x/y": "1"}}"#, &["git+https://x/y==1"]),
        (r#"{"scikit_learn_version": "1.5.2", "numpy_version": "../../numpy"}"#, &["numpy==../../numpy"]),
        // Keys that are no packages.
        (r#"{"scikit_learn_version": "1.5.2", "api_version": "1.0", "data_version": "3"}"#, &[]),
        // What an installer brings itself.
        (r#"{"packages": {"scikit-learn": "1.5.2", "pip": "24.0", "setuptools": "70.0"}}"#, &[]),
    ] {
        let (packages, named, notes) = beside(metadata, &model, &none);
        assert_eq!(named, asked, "{metadata}");
        assert!(packages.contains(&"scikit-learn==1.5.2".to_owned()), "{metadata}: {packages:?}");
        assert!(
            packages.iter().all(|it| !it.contains(['@', '/', '\n']) && !it.starts_with("evil")),
            "{packages:?}"
        );
        assert_eq!(
            notes.contains("not installed") || notes.contains("not followed"),
            !asked.is_empty(),
            "{notes}"
        );
    }
    // Even the version of scikit-learn itself is a version or nothing.
    let metadata = r#"{"packages": {"scikit-learn": "1.5.2 @ https://x/y.whl"}}"#;
    let (packages, ..) = beside(metadata, &model, &none);
    assert_eq!(packages, ["scikit-learn==1.5.2"], "what the file itself records stands");
    // One's own package is asked for, by the name that allows it.
    let metadata = r#"{"scikit_learn_version": "1.5.2", "acme_models_version": "2.0"}"#;
    let (packages, asked, notes) = beside(metadata, &own, &none);
    assert_eq!((packages.len(), asked), (1, vec!["acme-models==2.0".to_owned()]));
    assert!(notes.contains("--allow-package acme-models==2.0"), "{notes}");
    let allowed: Packages = [("acme-models".to_owned(), Some("2.0".to_owned()))].into();
    let (packages, asked, _) = beside(metadata, &own, &allowed);
    assert_eq!(
        (packages, asked),
        (vec!["acme-models==2.0".to_owned(), "scikit-learn==1.5.2".to_owned()], vec![])
    );
}

#[test]
fn what_is_packed_with_a_model_installs_nothing_that_nobody_knows() {
    let model = pickled("sklearn.linear_model._base", "LinearRegression", "1.5.2");
    let requirements =
        b"scikit-learn==1.5.2\nxgboost==2.1.0\nevil-pth==1.0\n--extra-index-url https://x/simple\n\
                         -e git+https://x/y.git#egg=numpy\nnumpy @ https://x/numpy.whl\n./wheels/x.whl\n";
    let mlmodel = format!("{MLMODEL}evil_version: 1.0\n");
    let files: &[(&str, &[u8])] = &[
        ("churn/MLmodel", mlmodel.as_bytes()),
        ("churn/requirements.txt", requirements),
        ("churn/conda.yaml", b"dependencies:\n- pip:\n  - evil-conda==1.0\n"),
        ("churn/python_env.yaml", b"python: 3.12.1 --index-url https://x\ndependencies:\n- evil-env==1.0\n"),
        ("churn/model.pkl", &model),
    ];
    let (packages, asked, _) = maker_of(files, "churn", &Packages::new());
    let names: Vec<&str> = packages.iter().filter_map(|it| it.split(['=', '<', '>']).next()).collect();
    assert_eq!(names, ["mlflow-skinny", "pandas", "scikit-learn", "xgboost"], "{packages:?}");
    for line in [
        "evil-pth==1.0",
        "evil==1.0",
        "--extra-index-url https://x/simple",
        "-e git+https://x/y.git#egg=numpy",
        "numpy @ https://x/numpy.whl",
        "./wheels/x.whl",
    ] {
        assert!(asked.iter().any(|asked| asked == line), "{line}: {asked:?}");
    }
}

#[test]
fn a_folder_gives_what_is_compressed_and_archives_and_tells_them_apart() {
    let folder = tempfile::tempdir().unwrap();
    let model = pickled("sklearn.linear_model._base", "LinearRegression", "1.5.2");
    let gz = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    };
    // A pickle in which Windows has changed the line ends, as it is written with protocol 0.
    let crlf = b"ccopy_reg\r\n_reconstructor\r\np0\r\n(cacme\r\nOwn\r\n.".to_vec();
    let files: [(&str, Vec<u8>); 9] = [
        ("a/model.pkl", model.clone()),
        ("a/model.joblib", model.clone()),
        ("b/model.pkl", model.clone()),
        ("b/model.joblib", model.clone()),
        ("c.pkl.gz", gz(&model)),
        ("d.tar.gz", gz(&tar("README.md", "model.pkl", &model))),
        ("X.csv", b"a,b\n1,2\n".to_vec()),
        ("X.csv.gz", gz(b"a,b\n1,2\n")),
        ("crlf.pkl", crlf),
    ];
    for (name, bytes) in &files {
        let path = folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }
    let found = find(folder.path(), ".", &Packages::new());
    assert!(found.refused.is_empty(), "{:?}", found.refused);
    let names: Vec<&str> = found.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    assert!(names.contains(&"c") && names.contains(&"d"), "{names:?}");
    let (_, d) = file(&found, "d");
    assert!(d.packed.is_some() && d.foreign.is_none() && d.notes[0].contains("model.pkl"), "{:?}", d.notes);
    // What is not loaded asks for no modules.
    let (_, crlf) = file(&found, "crlf");
    assert!(crlf.foreign.is_some() && crlf.own_modules.is_empty(), "{:?}", crlf.own_modules);
}

/// A model that works and runs a command quietly would pass every cell.
#[test]
fn what_runs_commands_is_said_whatever_comes_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let model = pickled("sklearn.linear_model._base", "LinearRegression", "1.5.2");
    fs_err::write(folder.path().join("quiet.pkl"), [&b"cos\nsystem\n(Vtrue\ntR0"[..], &model].concat())
        .unwrap();
    fs_err::write(folder.path().join("plain.pkl"), &model).unwrap();
    let found = find(folder.path(), ".", &Packages::new());
    let is_told = |name: &str| file(&found, name).1.runs_commands;
    assert!(is_told("quiet"), "{:?}", file(&found, "quiet").1.notes);
    assert!(!is_told("plain"));
}

/// A tar archive of two files.
fn tar(beside: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in [(beside, &b"# a model"[..]), (name, bytes)] {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        header[263..265].copy_from_slice(b"00");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend(header);
        out.extend(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

#[test]
fn what_a_file_proves_goes_beside_what_is_declared() {
    let folder = tempfile::tempdir().unwrap();
    // A random state as numpy 1.24 and later write it.
    let mut bytes = pickled("sklearn.linear_model._base", "LinearRegression", "1.2.2");
    bytes.pop();
    let text = |text: &str| [&[0x8c, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    for (module, name) in [
        ("numpy.random._pickle", "__randomstate_ctor"),
        ("numpy.random._pickle", "__bit_generator_ctor"),
        ("numpy.core.multiarray", "_reconstruct"),
    ] {
        bytes.extend(text(module));
        bytes.extend(text(name));
        bytes.extend([0x93, b'0']);
    }
    bytes.push(b'.');
    fs_err::write(folder.path().join("m.pkl"), &bytes).unwrap();
    let found = find(folder.path(), "m.pkl", &Packages::new());
    let (_, m) = file(&found, "m");
    assert_eq!(m.proved.get("numpy").map(String::as_str), Some(">=1.24,<2"), "{:?}", m.proved);
    let maker = found.environments.iter().find(|env| env.name == m.producer).unwrap();
    assert_eq!(maker.packages.get("numpy"), Some(&VersionSpec::Proved(">=1.24,<2".to_owned())));
    let beside = shelflife::artifact::proved_beside("1.2.2", &m.proved);
    assert_eq!(beside, [("numpy".to_owned(), VersionSpec::Proved(">=1.24,<2".to_owned()))]);
}

#[test]
fn a_booster_that_names_no_scikit_learn_is_tried_beside_that_of_its_days() {
    let folder = tempfile::tempdir().unwrap();
    // XGBClassifier, and its bytes as they tell the release.
    let mut bytes = b"\x80\x04cxgboost.sklearn\nXGBClassifier\n)\x81}B".to_vec();
    let model = b"{\"version\":[1,7,6]}";
    bytes.extend((model.len() as u32).to_le_bytes());
    bytes.extend(model);
    bytes.extend(b"K\x01sb.");
    fs_err::write(folder.path().join("alone.pkl"), bytes).unwrap();
    let found = find(folder.path(), "alone.pkl", &Packages::new());
    let [maker] = found.environments.as_slice() else { panic!("{:?}", found.environments) };
    assert_eq!(maker.name.as_str(), "made-by-xgboost1.7.6");
    let exact = |package: &str| maker.packages.get(package).cloned();
    assert_eq!(exact("xgboost"), Some(VersionSpec::Exact("1.7.6".to_owned())));
    assert_eq!(exact("scikit-learn"), Some(VersionSpec::Exact("1.2.2".to_owned())));
    let notes = &found.models[0].source.file().unwrap().notes;
    assert!(
        notes.iter().any(|note| note.contains("made by xgboost 1.7.6") && note.contains("chosen to match"))
    );
}
