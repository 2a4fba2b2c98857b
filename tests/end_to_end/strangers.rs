//! Names that come with a file: what lies beside a model decides nothing about what is installed.

use serde_json::{Value, json};

use crate::cli_files::trained;
use crate::context::TestContext;

/// Makes a wheel whose `.pth` leaves a mark as soon as an interpreter starts, and a source distribution that leaves one
/// when it is built.
const PACKAGES: &str = r#"
import io, os, sys, tarfile, zipfile
folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
line = "import os; open(%r, 'a').close()\n"
info = "stranger_pth-6.6.6.dist-info/"
with zipfile.ZipFile(folder + "/stranger_pth-6.6.6-py3-none-any.whl", "w") as wheel:
    wheel.writestr("stranger_pth.py", "")
    wheel.writestr("stranger_pth.pth", line % os.path.abspath("started"))
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: stranger-pth\nVersion: 6.6.6\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(info + "RECORD", "stranger_pth.py,,\nstranger_pth.pth,,\n%sMETADATA,,\n%sWHEEL,,\n%sRECORD,,\n" % (info, info, info))
with tarfile.open(folder + "/skorch-66.6.tar.gz", "w:gz") as source:
    for name, text in [
        ("setup.py", line % os.path.abspath("built") + "from setuptools import setup\nsetup(name='skorch', version='66.6')\n"),
        ("PKG-INFO", "Metadata-Version: 2.1\nName: skorch\nVersion: 66.6\n"),
    ]:
        data = text.encode()
        entry = tarfile.TarInfo("skorch-66.6/" + name)
        entry.size = len(data)
        source.addfile(entry, io.BytesIO(data))
"#;

/// A model beside which metadata name a package more, in a context where that package can be had.
fn with_a_stranger(package: &str, version: &str) -> TestContext {
    let context = trained();
    let python = context.interpreters("both")["sk1.5.2"].clone();
    context.python(&python, &["-c", PACKAGES, "wheels"]);
    fs_err::create_dir_all(context.path("foreign")).unwrap();
    fs_err::copy(context.path("saved/scaler.joblib"), context.path("foreign/scaler_model.joblib")).unwrap();
    let lock: Value = serde_json::from_str(&context.read("new.json")).unwrap();
    let mut packages = lock["packages"].clone();
    packages[package] = json!(version);
    let metadata = json!({ "lock": { "python": lock["python"], "packages": packages } });
    context.write("foreign/scaler_metadata.json", &metadata.to_string());
    context
}

fn check(context: &TestContext, more: &[&str]) -> (i32, String) {
    let check =
        ["check", "foreign/scaler_model.joblib", "--inputs", "X.csv", "--on", "old.json", "--run", "c"];
    let mut command = context.command([&check, more].concat());
    let ended = context.end(command.env("UV_FIND_LINKS", context.path("wheels")));
    (ended.code().unwrap(), ended.to_string())
}

#[test]
fn what_a_file_names_is_asked_for_and_not_installed() {
    let context = with_a_stranger("stranger-pth", "6.6.6");
    let (code, said) = check(&context, &[]);
    assert_eq!(code, 0, "the maker is made without it: {said}");
    assert!(said.contains("asks for stranger-pth==6.6.6 from the package index"), "{said}");
    assert!(said.contains("--allow-package stranger-pth==6.6.6"), "{said}");
    assert!(!context.path("started").exists(), "nothing of it ran");
    let installed = |context: &TestContext| {
        context
            .events("c")
            .iter()
            .any(|event| event["lock"]["packages"].get("stranger-pth").is_some_and(|it| it == "6.6.6"))
    };
    assert!(!installed(&context));
    // Another version than the one that was allowed is asked for still.
    let (_, said) = check(&context, &["--allow-package", "stranger-pth==1.0", "--fresh"]);
    assert!(said.contains("asks for stranger-pth==6.6.6") && !installed(&context), "{said}");
    let (_, said) = check(&context, &["--allow-package", "Stranger_Pth==6.6.6", "--fresh"]);
    assert!(!said.contains("asks for") && installed(&context), "{said}");
}

#[test]
fn packages_without_wheels_are_built_only_where_somebody_allows_it() {
    let context = with_a_stranger("skorch", "66.6");
    let (code, said) = check(&context, &[]);
    assert_eq!(code, 101, "{said}");
    assert!(said.contains("--allow-build") && said.contains("skorch"), "{said}");
    assert!(!context.path("built").exists(), "nothing of it ran");
}
