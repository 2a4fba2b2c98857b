//! `shelflife inspect` on files made by hand: what it prints, what it writes, and how much memory it takes of files that
//! claim to be large. Needs no Python.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Memory for data that the program may take: its threads' stacks, and no more than a few MiB for any file.
const DATA_KIB: u32 = 32 << 10;

/// A model as plain pickle of protocol 4, with one attribute more.
fn model(extra: &[u8]) -> Vec<u8> {
    let mut out = b"\x80\x04\x8c\x1esklearn.linear_model._logistic\x94\x8c\x12LogisticRegression\x94\x93\x94)\x81\x94}\x94(".to_vec();
    out.extend(b"\x8c\x01CG?\xf0\x00\x00\x00\x00\x00\x00");
    out.extend(extra);
    out.extend(b"\x8c\x10_sklearn_version\x8c\x051.6.1ub.");
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A header of numpy in front of so many float64.
fn npy(count: u64) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({count},), }}");
    let header = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00".as_slice(), &118u16.to_le_bytes(), header.as_bytes()].concat()
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in entries {
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const SCHEMA: &str = r#"{"__class__": "LogisticRegression", "__module__": "sklearn.linear_model._logistic",
    "__loader__": "ObjectNode", "content": {"f": {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}},
    "protocol": 2, "_skops_version": "0.13.0"}"#;

const MLMODEL: &str = "artifact_path: model\nflavors:\n  sklearn:\n    pickled_model: model.pkl\n    \
                       sklearn_version: 1.6.1\nmlflow_version: 2.19.0\n";

/// A folder with one artifact of each kind.
fn kinds() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let numbers = [npy(3), vec![0; 24]].concat();
    let onnx = b"\x08\x08\x12\x08skl2onnx\x1a\x061.17.0\x3a\x07\x0a\x05\x22\x03Mul\x42\x04\x0a\x00\x10\x0f";
    let files: &[(&str, &[u8])] = &[
        ("model.pkl", &model(b"")),
        ("model.pkl.gz", &gzip(&model(b""))),
        ("disagreeing.pkl", &disagreeing()),
        ("numbers.npy", &numbers),
        ("arrays.npz", &archive(&[("X.npy", &numbers), ("y.npy", &numbers)])),
        ("model.skops", &archive(&[("schema.json", SCHEMA.as_bytes()), ("1.npy", &numbers)])),
        ("model.onnx", onnx),
        ("MLmodel", MLMODEL.as_bytes()),
        ("package/_metadata.json", br#"{"versions": {"scikit-learn": "1.6.1", "numpy": "2.2.6"}}"#),
        ("evil.pkl", b"cposix\nsystem\n(S'echo \x1b[31mhi'\ntR."),
        ("evil.txt", b"cposix\nsystem\n(S'echo hi'\ntR and so on"),
        ("own.pkl", &model(b"\x8c\x04stepc__main__\nShift\n)\x81")),
        ("cut.pkl", &model(b"")[..80]),
        ("trailing.pkl", &[model(b"").as_slice(), b"and more"].concat()),
        ("notes.txt", b"no artifact at all\n"),
    ];
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }
    folder
}

/// Two models in one pickle that were written by different releases.
fn disagreeing() -> Vec<u8> {
    let first = model(b"");
    let second = first.iter().copied().skip(2).take(first.len() - 3).collect::<Vec<_>>();
    let mut out = [b"\x80\x04(".as_slice(), &second, &second, b"t."].concat();
    let at = out.windows(5).rposition(|part| part == b"1.6.1").unwrap();
    out[at..at + 5].copy_from_slice(b"1.5.2");
    out
}

fn shelflife(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shelflife")).current_dir(folder).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit code {}\n--- stdout\n{out}--- stderr\n{err}", output.status.code().unwrap())
}

#[test]
fn what_people_see_of_each_kind() {
    let folder = kinds();
    for names in [
        &["model.pkl", "model.pkl.gz", "disagreeing.pkl", "own.pkl", "evil.pkl"] as &[_],
        &["numbers.npy", "arrays.npz", "model.skops", "model.onnx", "MLmodel", "package"],
        &["cut.pkl", "trailing.pkl", "notes.txt", "nothing.pkl"],
        &["--sha256", "model.pkl"],
        &["--no-digest", "model.pkl"],
        &["."],
    ] {
        let said = shelflife(folder.path(), &[&["inspect"], names].concat());
        let name = names[0].trim_start_matches('-').replace('.', "_");
        // How far something is compressed is the compressor's business.
        insta::with_settings!({ filters => vec![("(blake3|sha256) [0-9a-f]{64}", "$1 [digest]")] }, {
            insta::assert_snapshot!(format!("people_{name}"), text(&said));
        });
    }
}

#[test]
fn json_holds_all_facts() {
    let folder = kinds();
    let said = shelflife(folder.path(), &["inspect", "--json", "own.pkl", "model.skops"]);
    let report: Value = serde_json::from_slice(&said.stdout).unwrap();
    let pretty = serde_json::to_string_pretty(&report).unwrap();
    insta::with_settings!({ filters => vec![("\"digest\": \"[0-9a-f]{64}\"", "\"digest\": \"[digest]\"")] }, {
        insta::assert_snapshot!("json", pretty);
    });
    let lines = String::from_utf8_lossy(&said.stdout).lines().count();
    assert_eq!(lines, 4, "one artifact a line, and the report around them");
}

/// An archive of tar with one entry after another.
fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Every file has the name of a model, and none is passed over.
#[test]
fn what_stands_in_the_place_of_a_model_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(b"");
    let nested = archive(&[("data/sklearn_pipeline.tar", &tar(&[("pipeline.pkl", &model)]))]);
    let two = archive(&[("a.pkl", &model), ("b.pkl", &model)]);
    let rows: &[(&str, &[u8], &str)] = &[
        ("lfs.pkl", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"),
        ("page.joblib", b"<!DOCTYPE html><html></html>", "a web page"),
        ("empty.pkl", b"", "an empty file"),
        ("words.pkl", b"some words", "plain text"),
        ("half.pkl", &model[..70], "cut off"),
        ("half.pkl.gz", &gzip(&model)[..40], "cut off"),
        ("twice.pkl.gz", &gzip(&gzip(&model)), "gzip in gzip"),
        (
            "model.tar.gz",
            &gzip(&tar(&[("code/inference.py", b"x"), ("model.pkl", &model)])),
            "holds        model.pkl",
        ),
        ("model.zip", &archive(&[("m/model.pkl", &model), ("m/README", b"x")]), "holds        m/model.pkl"),
        ("classifier.qza", &nested, "data/sklearn_pipeline.tar: pipeline.pkl"),
        ("two.zip", &two, "holds several models"),
        ("none.tar", &tar(&[("a.txt", b"x")]), "holds no model"),
        ("several.pkl", &[model.as_slice(), &model, &model].concat(), "3 pickles one after another"),
        ("marked.pkl", &[b"\xef\xbb\xbf".as_slice(), &model].concat(), "byte order mark"),
    ];
    for (name, bytes, expected) in rows {
        fs_err::write(folder.path().join(name), bytes).unwrap();
        let said = text(&shelflife(folder.path(), &["inspect", name]));
        assert!(said.contains(expected) && said.contains("next  "), "{name}: {said}");
        let forecast = shelflife(folder.path(), &["forecast", name, "--to", "scikit-learn==1.7.2"]);
        let sound =
            ["twice.pkl.gz", "model.tar.gz", "model.zip", "classifier.qza", "several.pkl"].contains(name);
        assert_eq!(forecast.status.code(), Some(if sound { 0 } else { 102 }), "{name}: {}", text(&forecast));
    }
    let all = shelflife(folder.path(), &["inspect", "--json", "."]);
    let report: Value = serde_json::from_slice(&all.stdout).unwrap();
    assert_eq!(report["artifacts"].as_array().unwrap().len(), rows.len(), "none is passed over");
    assert_eq!(all.status.code(), Some(102));
}

/// Nothing is to be expected of it in any environment, and nobody should find that out by loading it.
#[test]
fn a_forecast_says_what_runs_commands() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("bad.pkl"), b"cos\nsystem\n(Vid\ntR.").unwrap();
    fs_err::write(folder.path().join("good.pkl"), model(b"")).unwrap();
    let said = |arguments: &[&str]| {
        text(&shelflife(folder.path(), &[arguments, &["--to", "scikit-learn==1.7.2"]].concat()))
    };
    assert!(
        said(&["forecast", "bad.pkl"])
            .contains("  ! it RUNS COMMANDS when it is loaded: `shelflife inspect`")
    );
    assert!(!said(&["forecast", "good.pkl"]).contains("when it is loaded"));
    assert!(said(&["forecast", "--json", "bad.pkl"]).contains("\"trust\":\"dangerous\""));
}

/// What SARIF 2.1.0 requires of a log.
#[test]
fn sarif_is_what_code_scanning_reads() {
    let folder = kinds();
    let said = shelflife(folder.path(), &["inspect", ".", "--sarif", "out.sarif"]);
    assert_eq!(said.status.code(), Some(102), "{}", text(&said));
    let log: Value = serde_json::from_slice(&fs_err::read(folder.path().join("out.sarif")).unwrap()).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"].as_array().unwrap()[0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "shelflife");
    let rules = driver["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    let mut seen = std::collections::BTreeSet::new();
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
        assert!(["error", "warning", "note", "none"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(folder.path().join(uri).is_file(), "{uri}");
        assert!(place["region"]["byteOffset"].is_u64());
        seen.insert(rule["id"].as_str().unwrap().to_owned());
    }
    let all: std::collections::BTreeSet<_> =
        ["dangerous-global", "unknown-global", "damaged", "no-artifact", "trailing-bytes"]
            .map(str::to_owned)
            .into();
    assert_eq!(seen, all);
    insta::assert_json_snapshot!("sarif_results", results);
}

/// Runs with memory that nothing but a few MiB fits into.
fn bounded(path: &Path) -> String {
    let script = format!("ulimit -d {DATA_KIB} && exec \"$0\" inspect --no-digest \"$1\"");
    let program = env!("CARGO_BIN_EXE_shelflife");
    let output = Command::new("sh").args(["-c", &script, program]).arg(path).output().unwrap();
    let said = text(&output);
    assert!(matches!(output.status.code(), Some(0 | 102)), "{}: {said}", path.display());
    said
}

#[test]
fn memory_is_bounded_whatever_a_file_claims() {
    let folder = tempfile::tempdir().unwrap();
    const TEN_GIB: u64 = 10 << 30;
    let long =
        |before: &str, after: &str| [before.as_bytes(), &vec![b'x'; 33 << 20], after.as_bytes()].concat();
    let claims: &[(&str, Vec<u8>, Option<u64>, &str)] = &[
        ("bytes.pkl", [b"\x80\x04\x8e".as_slice(), &(TEN_GIB - 12).to_le_bytes()].concat(), Some(TEN_GIB), "0x00 is no"),
        ("text.pkl", [b"\x80\x04\x8d".as_slice(), &TEN_GIB.to_le_bytes()].concat(), Some(TEN_GIB), "the file ends"),
        ("numbers.npy", npy((TEN_GIB - 128) / 8), Some(TEN_GIB), "<f8 [1342177264]"),
        ("archive.zip", b"PK\x03\x04".to_vec(), Some(TEN_GIB), "cannot be read"),
        ("model.onnx", b"\x08\x07\x12\x02xx\x3a\xff\xff\xff\xff\x1f".to_vec(), Some(TEN_GIB), "there is no field 0"),
        ("text.json", long("{\"a\": \"", "\"}"), None, ": JSON, 34.6 MB"),
        ("key.json", long("{\"", "\": 1}"), None, ": JSON, 34.6 MB"),
        ("deep.json", "{\"a\":".repeat(1 << 20).into_bytes(), None, "recursion limit"),
        // 4 GiB of dictionary, with the header's checksum.
        ("dictionary.xz", b"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x28\x00\x00\x00\xe6\xa0\x11\xb3\x01\x00\x03".to_vec(), None, "dictionary of more than 80 MiB"),
        ("memo.pkl.gz", gzip(&[b"\x80\x04N".as_slice(), &vec![0x94; 5 << 20]].concat()), None, "more opcodes than a file of this size"),
        ("tuples.pkl.gz", gzip(&[b"\x80\x04N".as_slice(), &vec![0x85; 1 << 20]].concat()), None, "the file ends before STOP"),
    ];
    for (name, head, size, expected) in claims {
        let path = folder.path().join(name);
        fs_err::write(&path, head).unwrap();
        if let Some(size) = size {
            // Without a byte on the disk.
            fs_err::OpenOptions::new().write(true).open(&path).unwrap().set_len(*size).unwrap();
        }
        let said = bounded(&path);
        assert!(said.contains(expected), "{name}: {said}");
    }
}
