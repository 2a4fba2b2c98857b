//! What programs and people in a hurry get of every subcommand: with `--json` standard output is JSON and nothing else,
//! whatever the command comes to; `--quiet` leaves out what nobody asked for, and `--verbose` says more. Needs no Python and no
//! package index.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use clap::CommandFactory as _;
use serde_json::Value;
use shelflife::cli::Cli;

/// A model as plain pickle of protocol 4.
const MODEL: &[u8] = b"\x80\x04\x8c\x1esklearn.linear_model._logistic\x94\x8c\x12LogisticRegression\x94\x93\x94)\x81\x94}\x94(\
                       \x8c\x01CG?\xf0\x00\x00\x00\x00\x00\x00\x8c\x10_sklearn_version\x8c\x051.6.1ub.";

/// An environment that cannot be made, so that everything is tried and nothing is installed.
const MATRIX: &str = "[[environments]]\nname = \"gone\"\nruntime = \"existing\"\ncommand = [\"/nonexistent/python\"]\n\n\
                      [[models]]\nname = \"scaler\"\nestimator = \"StandardScaler()\"\ndataset = \"rows\"\n\n\
                      [datasets.rows]\npath = \"rows.csv\"\ntarget = \"y\"\n";

/// What is typed, and the exit codes that it may end with. Each command stands here as it succeeds, as it has nothing to
/// tell, and as it fails.
const TYPED: &[(&str, &[i32])] = &[
    ("inspect model.pkl", &[0]),
    ("inspect texts", &[0]),
    ("inspect empty", &[4]),
    ("inspect model.pkl nothing.pkl", &[102]),
    ("forecast model.pkl --to scikit-learn==1.7.2", &[0]),
    ("forecast model.pkl --to scikit-learn==1.7.2 --fail-on breaks,drifts,unknown", &[0, 100]),
    ("forecast model.pkl --to scikit-learn==1.7.2 --fail-on works", &[2]),
    ("forecast texts --to scikit-learn==1.7.2", &[0]),
    ("forecast empty --to scikit-learn==1.7.2", &[4]),
    ("forecast model.pkl --to scikit-learn==new", &[2]),
    ("forecast model.pkl --to later", &[0]),
    ("forecast model.pkl --to broken.whl", &[102]),
    ("forecast model.pkl --to scikit-learn==1.7.2 --from-release --offline", &[102]),
    ("release-diff earlier later", &[0]),
    ("release-diff earlier later --as html", &[0]),
    ("release-diff earlier broken.whl", &[102]),
    ("release-diff earlier scikit-learn", &[2, 102]),
    ("requires model.pkl", &[0]),
    ("requires texts", &[102]),
    ("requires empty", &[4]),
    ("requires model.pkl --as nothing", &[2]),
    ("map", &[0]),
    ("map RandomForestClassifier", &[0]),
    ("map RandomForestClassifier --from 1.2.2", &[0]),
    ("map --from 1.2.2 --to 1.9.1", &[0]),
    ("map RandomForrest", &[4]),
    ("map KMeans --from 1.2.0", &[4]),
    ("map KMeans --format nothing", &[4]),
    ("map --from 1.2.2", &[2]),
    ("map export -o exported", &[0, 110]),
    ("map export", &[2]),
    ("schema compat", &[0]),
    ("map --measure first", &[0]),
    ("map --measure nothing", &[102]),
    ("attest first", &[0]),
    ("attest first -o statements/first.json", &[0]),
    ("attest first --artifact model.pkl", &[4]),
    ("attest nothing", &[102]),
    ("confirm first", &[0]),
    ("confirm first --artifact model.pkl", &[100]),
    ("confirm first --statement matrix.toml", &[100]),
    ("confirm first --matrix matrix.toml", &[101]),
    ("confirm nothing", &[102]),
    ("env-for model.pkl --offline --most 1", &[101]),
    ("env-for texts", &[4, 102]),
    ("env-for nothing.pkl", &[102]),
    ("explain", &[0]),
    ("explain tfidf-idf", &[0]),
    ("explain nothing", &[4]),
    ("explain --measure first", &[0]),
    ("check model.pkl --on /nonexistent/python", &[2]),
    ("check model.pkl --on scikit-learn==1.7.2 --load-only --offline --run checked", &[101]),
    ("check texts --on scikit-learn==1.7.2 --offline", &[102]),
    ("gate model.pkl --from scikit-learn==1.5.2 --to scikit-learn==1.7.2 --offline --run gated", &[101]),
    ("gate model.pkl", &[2]),
    ("gate", &[2]),
    ("gate --config broken.toml", &[102]),
    ("init texts", &[0, 110]),
    ("init nothing", &[4]),
    ("gate model.pkl --head packs", &[2]),
    ("museum matrix.toml -o kept --run kept", &[101]),
    ("museum nothing.toml", &[102]),
    ("bisect model.pkl --good 1.2.2 --bad 1.7.2 --offline", &[101]),
    ("bisect model.pkl --good 1.2.2 --bad 1.2.2", &[2]),
    ("pack model.pkl --inputs rows.csv --python ./packs -o packed", &[0]),
    ("pack model.pkl --inputs rows.csv --python ./fails -o packed", &[102]),
    ("pack model.pkl --inputs nothing.csv", &[2, 102]),
    ("rescue model.pkl --to scikit-learn==1.7.2 --dry-run --offline --run rescued", &[101]),
    ("rescue model.pkl --to nothing.lock --dry-run", &[2]),
    ("plan matrix.toml", &[0]),
    ("plan nothing.toml", &[102]),
    ("plan broken.toml", &[102]),
    ("plan matrix.toml --model nothing", &[4]),
    ("run matrix.toml --run tried", &[101]),
    ("run broken.toml", &[102]),
    ("run matrix.toml --format", &[2]),
    ("shard plan matrix.toml --into 2 -o shards.json", &[0]),
    ("shard plan matrix.toml --into 2 -o -", &[0]),
    ("shard plan broken.toml --into 2", &[102]),
    ("shard plan matrix.toml --into 0", &[2]),
    ("shard plan matrix.toml --into 2 --times nothing", &[102]),
    ("shard render shards.json --slurm", &[0]),
    ("shard render shards.json --kubernetes", &[0]),
    ("shard render nothing.json --github", &[102]),
    ("shard render matrix.toml --gitlab", &[102]),
    ("shard render shards.json", &[2]),
    ("run --shard 1/2 --phase write --shards shards.json", &[101]),
    ("run --shard 3/2 --phase write --shards shards.json", &[2]),
    ("run --shard 1/3 --phase write --shards shards.json", &[2]),
    ("run --shard 1/2 --shards shards.json", &[2]),
    ("merge parts -o reports/merged", &[101, 102]),
    ("merge nothing -o reports/merged", &[102]),
    ("merge reports/first -o reports/merged", &[102]),
    ("schema", &[0]),
    ("bugreport first -o bundles/first.tar.gz", &[0, 110]),
    ("bugreport nothing", &[102]),
    ("completions bash", &[0]),
    ("completions zsh", &[0]),
    ("completions fish", &[0]),
    ("completions powershell", &[2]),
    ("man -o pages", &[0]),
    ("man -o rows.csv/pages", &[110]),
    ("schema settings", &[0]),
    ("schema rule", &[0]),
    ("schema nothing", &[2]),
    ("report first", &[0]),
    ("report first --format json --output -", &[0]),
    ("report first --format release-notes", &[0]),
    ("report nothing", &[102]),
    ("compare first second", &[0]),
    ("compare first nothing", &[102]),
    ("history", &[0]),
    ("history --model nothing", &[0]),
    ("history --matrix nothing", &[4]),
    ("history nothing --database other.sqlite", &[4, 102]),
    ("baseline accept first", &[0]),
    ("baseline accept nothing", &[102]),
    ("env make scikit-learn==1.7.2 --offline", &[101]),
    ("env make scikit-learn==new", &[2]),
    ("env path scikit-learn==1.7.2 --offline", &[101]),
    ("env path nothing.lock", &[2]),
    ("env run scikit-learn==1.7.2 --offline -- python", &[101]),
    ("env run nothing.lock -- python", &[2]),
    ("env list", &[0]),
    ("env prepare matrix.toml", &[101]),
    ("env prepare broken.toml", &[102]),
    ("env prune", &[0]),
    ("doctor", &[0]),
    ("doctor --days 3", &[2]),
];

/// A folder with everything that is typed about.
fn place() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["empty", "texts", "reports/first", "reports/second"] {
        fs_err::create_dir_all(path(name)).unwrap();
    }
    fs_err::write(path("model.pkl"), MODEL).unwrap();
    for (release, source) in [("earlier", "class Model:\n    pass\n"), ("later", "")] {
        fs_err::create_dir_all(path(&format!("{release}/sklearn"))).unwrap();
        fs_err::write(path(&format!("{release}/sklearn/__init__.py")), source).unwrap();
        fs_err::write(path(&format!("{release}/setup.py")), "raise SystemExit('this runs nowhere')\n")
            .unwrap();
    }
    fs_err::write(path("broken.whl"), "PK").unwrap();
    fs_err::write(path("texts/README.md"), "words").unwrap();
    fs_err::write(path("rows.csv"), "a,b,y\n1,2,0\n3,4,1\n").unwrap();
    fs_err::write(path("matrix.toml"), MATRIX).unwrap();
    fs_err::write(path("broken.toml"), "[[environments]]\nnam = 1\n").unwrap();
    let scripts = [("packs", "cat > /dev/null; echo packed/model"), ("fails", "echo 'no model' >&2; exit 1")];
    for (name, script) in scripts {
        fs_err::write(path(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs_err::set_permissions(path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/example/events.jsonl");
    for name in ["first", "second"] {
        fs_err::copy(&example, path(&format!("reports/{name}/events.jsonl"))).unwrap();
    }
    folder
}

fn shelflife(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shelflife"));
    command.current_dir(folder).args(arguments);
    // Nothing of this machine is found, so that nothing is made.
    command.env("SHELFLIFE_CACHE_DIR", folder.join("cache")).env("PATH", "/usr/bin:/bin");
    command.env("HOME", folder).env_remove("PYENV_ROOT").env_remove("SHELFLIFE_LOG");
    command.output().unwrap()
}

fn typed(folder: &Path, line: &str, more: &[&str]) -> Output {
    // What stands behind two dashes is a command of its own.
    let (own, command) = line.split_once(" -- ").map_or((line, None), |(own, command)| (own, Some(command)));
    let behind = command.iter().flat_map(|command| std::iter::once("--").chain(command.split(' ')));
    let words: Vec<&str> = own.split(' ').chain(more.iter().copied()).chain(behind).collect();
    shelflife(folder, &words)
}

/// Standard output as one document, or as an object in each line.
#[track_caller]
fn parsed(line: &str, output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    if let Ok(document) = serde_json::from_str(text) {
        return vec![document];
    }
    let objects = text.lines().map(|object| {
        serde_json::from_str::<Value>(object).unwrap_or_else(|error| panic!("`{line}`: {error}\n{text}"))
    });
    let objects: Vec<Value> = objects.collect();
    assert!(objects.iter().all(Value::is_object), "`{line}`\n{text}");
    objects
}

fn all_subcommands() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for command in Cli::command().get_subcommands() {
        let inner: Vec<_> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
        match inner.as_slice() {
            [] => drop(names.insert(command.get_name().to_owned())),
            inner => names.extend(inner.iter().map(|name| format!("{} {name}", command.get_name()))),
        }
    }
    names
}

#[test]
fn every_subcommand_is_typed_here_and_fails_here() {
    for name in all_subcommands() {
        let lines: Vec<_> = TYPED.iter().filter(|(line, _)| line.starts_with(&name)).collect();
        assert!(!lines.is_empty(), "`{name}` is not tried");
        let has_failed = lines.iter().any(|(_, codes)| codes.iter().any(|code| ![0, 101].contains(code)));
        let cannot_fail = ["schema", "env list", "env prune"].contains(&name.as_str());
        assert!(has_failed || cannot_fail, "`{name}` is not tried with what it has to refuse");
    }
}

#[test]
fn with_json_nothing_else_stands_on_standard_output() {
    let folder = place();
    for (line, codes) in TYPED {
        // The second time everything is known.
        for round in 0..2 {
            let output = typed(
                folder.path(),
                line,
                if round == 0 { &["--json"] } else { &["--message-format", "json"] },
            );
            let said = String::from_utf8_lossy(&output.stderr);
            let code = output.status.code().unwrap();
            assert!(codes.contains(&code), "`{line}` ended {code}:\n{said}");
            let objects = parsed(line, &output);
            let last = objects.last();
            let ended = last.and_then(|last| last.get("error").or_else(|| last.get("answer")));
            if let Some(ended) = ended {
                assert_eq!(ended["exit_code"], code, "`{line}`: {ended}");
            }
            let error = last.and_then(|last| last.get("error"));
            assert_eq!(
                error.is_some(),
                said.contains('×') || code == 2,
                "`{line}` ended {code}: {objects:?}\n{said}"
            );
            if let Some(error) = error {
                assert!(!error["message"].as_str().unwrap().is_empty(), "`{line}`: {error}");
            }
            if line.starts_with("run matrix.toml --run") {
                let events: Vec<_> = objects.iter().filter_map(|object| object["event"].as_str()).collect();
                assert_eq!(events.first(), Some(&"run-started"), "round {round}: {objects:?}");
                assert!(events.contains(&"run-finished"), "round {round}: {objects:?}");
                let answer = &last.unwrap()["answer"];
                assert_eq!(answer["cells"][0]["verdict"], "env-error", "{answer}");
                assert!(answer["cells"][0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
            }
        }
    }
}

#[test]
fn what_is_streamed_is_a_record() {
    let folder = place();
    let output = typed(folder.path(), "run matrix.toml --run tried --json", &[]);
    fs_err::write(folder.path().join("kept.jsonl"), &output.stdout).unwrap();
    let told = typed(folder.path(), "report kept.jsonl --format terminal", &[]);
    assert_eq!(told.status.code(), Some(101), "{}", String::from_utf8_lossy(&told.stderr));
    assert!(String::from_utf8_lossy(&told.stdout).contains("env-error"));
}

#[test]
fn the_page_of_a_selection_is_not_that_of_the_whole_history() {
    let folder = place();
    let whole = folder.path().join("reports/history.html");
    typed(folder.path(), "history", &[]);
    let before = fs_err::read(&whole).unwrap();
    for line in ["history --model tree", "history --model *", "history --matrix quick*"] {
        let output = typed(folder.path(), line, &["--json"]);
        let told = &parsed(line, &output)[0];
        let page = folder.path().join(told["page"].as_str().unwrap());
        assert!(page.is_file() && page != whole, "`{line}`: {told}");
        assert!(fs_err::read(&whole).unwrap() == before, "`{line}` has overwritten the page");
        let text = fs_err::read_to_string(&page).unwrap();
        assert!(text.contains("quickstart"), "`{line}`");
    }
}

#[test]
fn quiet_says_the_answer_alone_and_verbose_says_more() {
    let folder = place();
    for name in all_subcommands() {
        let tried = TYPED.iter().filter(|(line, codes)| line.starts_with(&name) && !codes.contains(&2));
        let (line, codes) = tried.min_by_key(|(_, codes)| codes[0]).unwrap();
        // Once before: what is made and moved aside the first time is no part of the comparison.
        typed(folder.path(), line, &[]);
        let [plain, quiet, verbose] = [&[][..], &["--quiet"], &["--verbose"]].map(|more| {
            let output = typed(folder.path(), line, more);
            assert!(codes.contains(&output.status.code().unwrap()), "`{line}` {more:?}: {output:?}");
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (text(&output.stdout), text(&output.stderr))
        });
        assert_eq!(quiet.0.lines().count(), plain.0.lines().count(), "`{line}`: --quiet changes the answer");
        assert_eq!(
            verbose.0.lines().count(),
            plain.0.lines().count(),
            "`{line}`: --verbose changes the answer"
        );
        let lines = |text: &str| text.lines().count();
        assert!(lines(&quiet.1) <= lines(&plain.1), "`{line}`\n{}\n{}", plain.1, quiet.1);
        assert!(lines(&verbose.1) > lines(&plain.1), "`{line}` is as short with --verbose:\n{}", verbose.1);
        if codes == &[0] {
            assert_eq!(quiet.1, "", "`{line}` has something to say though asked for quiet");
        }
    }
}

/// The largest file below a folder.
fn largest(folder: &Path) -> (u64, String) {
    let mut found = (0, String::new());
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let here = match path.is_dir() {
            true => largest(&path),
            false => (path.metadata().unwrap().len(), path.display().to_string()),
        };
        found = found.max(here);
    }
    found
}

#[test]
fn names_of_six_megabytes_fill_no_page() {
    const BOUND: usize = 64 << 10;
    let folder = place();
    let name = "Huge".repeat(1_500_000);
    let long = |text: &str| [&[b'X'][..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let attribute = [&long(&name)[..], &long(&name), b"s"].concat();
    let version = [&long("_sklearn_version")[..], &long("1.6.1"), b"s"].concat();
    let files = [
        (
            "module.pkl",
            [b"\x80\x04", &long(&name)[..], &long("Model"), b"\x93)\x81}", &version, b"b."].concat(),
        ),
        (
            "class.pkl",
            [b"\x80\x04", &long("sklearn.svm")[..], &long(&name), b"\x93)\x81}", &version, b"b."].concat(),
        ),
        (
            "called.pkl",
            [b"\x80\x04", &long("os")[..], &long("system"), b"\x93", &long(&name), b"\x85R."].concat(),
        ),
        (
            "state.pkl",
            [
                b"\x80\x04",
                &long("sklearn.svm._classes")[..],
                &long("SVC"),
                b"\x93)\x81}",
                &version,
                &attribute,
                b"b.",
            ]
            .concat(),
        ),
        (
            "version.pkl",
            [
                b"\x80\x04",
                &long("sklearn.svm._classes")[..],
                &long("SVC"),
                b"\x93)\x81}",
                &long("_sklearn_version"),
                &long(&name),
                b"sb.",
            ]
            .concat(),
        ),
    ];
    for (file, bytes) in &files {
        fs_err::write(folder.path().join(file), bytes).unwrap();
        let lines = [
            format!("inspect {file}"),
            format!("inspect {file} --json --sarif out.sarif"),
            format!("forecast {file} --to scikit-learn==1.7.2"),
            format!("check {file} --on scikit-learn==1.7.2 --load-only --offline --run {file}"),
            format!("check {file} --on scikit-learn==1.7.2 --load-only --offline --run {file} --json"),
            format!(
                "gate {file} --from scikit-learn==1.6.1 --to scikit-learn==1.7.2 --load-only --offline --run {file}-gate"
            ),
            format!("report {file} --forecast"),
        ];
        for line in lines {
            let output = typed(folder.path(), &line, &[]);
            let size = output.stdout.len().max(output.stderr.len());
            assert!(size < BOUND, "`{line}` says {size} bytes");
        }
        let (size, path) = largest(&folder.path().join("reports").join(file));
        assert!(size < 4 * BOUND as u64, "{path} has {size} bytes");
    }
    assert!(folder.path().join("out.sarif").metadata().unwrap().len() < BOUND as u64);
}
