//! The documentation speaks of what is there: keys, words, commands, options, files.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use shelflife::cli::Cli;
use shelflife::matrix::Matrix;
use shelflife::plan::{Selection, plan};
use shelflife::present::TerminalOptions;
use shelflife::vocab::{
    ArtifactAbsence, EnvironmentTrouble, ExitCode, Next, NoReference, Outcome, Runtime, Stage, Status,
    Trouble, Verdict,
};
use shelflife::{app, dataset, format, matrix, present, project};

#[path = "common/documented.rs"]
mod documented;
#[path = "common/pages.rs"]
mod pages;

/// Options of other programs that the documents mention.
const FOREIGN_OPTIONS: &[&str] = &[
    "--rule",
    "--count",
    "--models",
    "--release",
    "--rm",
    "--target",
    "--locked",
    "--path",
    "--bench",
    "--network",
    "--build-arg",
    "--all-targets",
    "--lib",
    "--test",
    "--ignored",
    "--no-deps",
    "--document-private-items",
    "--fetch",
    "--manifest-path",
    "--rehearse",
    "--image-base",
];

/// Documents that stand beside the code.
const AT_THE_ROOT: &[&str] =
    &["README.md", "ARCHITECTURE.md", "STYLE.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    fs_err::read_to_string(root().join(file)).expect("the document can be read")
}

/// Every document, by its path from the root.
fn documents() -> Vec<String> {
    let mut files: Vec<String> = AT_THE_ROOT.iter().map(|name| (*name).to_owned()).collect();
    documents_below("docs", &mut files);
    files.sort();
    files
}

fn documents_below(folder: &str, files: &mut Vec<String>) {
    for entry in fs_err::read_dir(root().join(folder)).expect("docs can be listed") {
        let entry = entry.expect("docs can be listed");
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            documents_below(&name, files);
        } else if name.ends_with(".md") {
            files.push(name);
        }
    }
}

/// The fenced blocks of a document, with the word behind the fence.
fn blocks(document: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some((language, mut body))) => {
                body.push_str(line);
                body.push('\n');
                open = Some((language, body));
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fenced block is not closed");
    blocks
}

/// The parts of a document between pairs of back ticks, and its fenced blocks.
fn code_of(document: &str) -> String {
    let mut code: String = blocks(document).into_iter().map(|(_, body)| body).collect();
    let mut fenced = false;
    for line in document.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            for part in line.split('`').skip(1).step_by(2) {
                code.push_str(part);
                code.push('\n');
            }
        }
    }
    code
}

#[test]
fn the_schema_file_is_current() {
    let known = text("schema/matrix.schema.json");
    assert!(
        known == matrix::schema_json(),
        "schema/matrix.schema.json is out of date: run `cargo run -- schema > schema/matrix.schema.json`"
    );
    assert!(
        text("schema/settings.schema.json") == project::settings_schema_json(),
        "schema/settings.schema.json is out of date: run `cargo run -- schema settings > schema/settings.schema.json`"
    );
    assert!(
        text("schema/rule.schema.json") == shelflife::explain::rule_schema_json(),
        "schema/rule.schema.json is out of date: run `cargo run -- schema rule > schema/rule.schema.json`"
    );
    assert!(
        text("schema/compat.schema.json") == shelflife::compat::compat_schema_json(),
        "schema/compat.schema.json is out of date: run `cargo run -- schema compat > schema/compat.schema.json`"
    );
}

#[test]
fn every_key_of_the_matrix_is_documented() {
    fn keys(node: &serde_json::Value, found: &mut BTreeSet<String>) {
        match node {
            serde_json::Value::Object(map) => {
                if let Some(serde_json::Value::Object(properties)) = map.get("properties") {
                    found.extend(properties.keys().cloned());
                }
                map.values().for_each(|value| keys(value, found));
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }
    let schema: serde_json::Value = serde_json::from_str(&matrix::schema_json()).expect("the schema is JSON");
    let mut found = BTreeSet::new();
    keys(&schema, &mut found);
    assert!(found.len() > 30, "only {} keys were found: the test has lost sight of the schema", found.len());
    let document = text("docs/matrix.md");
    let mentions = |key: &str| {
        [format!("`{key}`"), format!("`[{key}]`"), format!("`[[{key}]]`"), format!("`[{key}.NAME]`")]
            .iter()
            .any(|written| document.contains(written))
    };
    let missing: Vec<_> = found.iter().filter(|key| !mentions(key)).collect();
    assert!(missing.is_empty(), "docs/matrix.md does not explain {missing:?}");
    for format in format::TABLE {
        assert!(
            document.contains(&format!("`{}`", format.name)),
            "docs/matrix.md does not name {}",
            format.name
        );
    }
}

#[test]
fn the_examples_are_matrices() {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    for name in documents() {
        for (language, body) in blocks(&text(&name)) {
            let first = body.strip_prefix("# file: ").and_then(|rest| rest.lines().next());
            if let Some(file) = first.map(|file| file.trim().to_owned()) {
                assert_eq!(language, "toml", "{name}: {file}");
                let clash = files.insert(PathBuf::from(&file), body);
                assert!(clash.is_none(), "{file} is given twice");
            }
        }
    }
    assert!(files.len() >= 5, "only {} examples were found", files.len());
    let read = |path: &Path| {
        match files.get(path) {
        Some(body) => Ok(body.clone().into_bytes()),
        None if path.extension().is_some_and(|extension| extension == "py") => {
            Ok(b"def model(): pass\ndef save(estimator, path, options, dataset): pass\ndef load(path, options): pass\n".to_vec())
        }
        None => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
    };
    for file in files.keys() {
        let matrix = matrix::load(file, &read).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        plan(&matrix, &Selection::default()).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

#[test]
fn the_shipped_matrices_load_and_their_data_too() {
    let mut seen = 0;
    for entry in fs_err::read_dir(root().join("matrices")).expect("matrices can be listed") {
        let path = entry.expect("matrices can be listed").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let matrix: Matrix = matrix::load(&path, &|path| fs_err::read(path))
            .unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        let plan = plan(&matrix, &Selection::default()).unwrap_or_else(|error| panic!("{error}"));
        assert!(plan.cell_count() > 0);
        for spec in matrix.datasets.values() {
            if spec.path.extension().is_some_and(|extension| extension == "csv") {
                let bytes = fs_err::read(&spec.path).expect("the dataset can be read");
                dataset::parse(spec, &bytes, None).unwrap_or_else(|error| panic!("{error}"));
            }
        }
        seen += 1;
    }
    assert!(seen >= 1);
}

#[test]
fn the_words_are_explained() {
    let verdicts = text("docs/verdicts.md");
    let results = text("docs/results.md");
    for verdict in Verdict::ALL {
        assert!(
            verdicts.contains(&format!("\n| `{verdict}` |")),
            "docs/verdicts.md has no row for {verdict}"
        );
        assert!(results.contains(&format!("\n| `{verdict}` |")), "docs/results.md has no row for {verdict}");
    }
    for status in Status::ALL {
        assert!(results.contains(&format!("\n| `{status}` |")), "docs/results.md has no row for {status}");
    }
    for stage in Stage::ALL {
        assert!(results.contains(&format!("`{stage}`")), "docs/results.md does not name {stage}");
    }
    let codes = [
        ExitCode::Done,
        ExitCode::Internal,
        ExitCode::Usage,
        ExitCode::NothingSelected,
        ExitCode::Judged,
        ExitCode::CouldNotJudge,
        ExitCode::InvalidInput,
        ExitCode::CannotWrite,
        ExitCode::Interrupted,
    ];
    for code in codes {
        assert!(
            verdicts.contains(&format!("\n| {} |", code as u8)),
            "docs/verdicts.md has no row for exit code {code:?}"
        );
    }
}

/// What GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn anchors(document: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in document.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced && line.starts_with('#') {
            found.insert(anchor(line));
        }
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for name in documents() {
        let document = text(&name);
        let folder = root().join(&name).parent().expect("a file has a folder").to_owned();
        for target in document.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { root().join(&name) } else { folder.join(file) };
            let found = path.exists()
                && (heading.is_empty()
                    || fs_err::read_to_string(&path).is_ok_and(|text| anchors(&text).contains(heading)));
            if !found {
                wrong.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "links that lead nowhere: {wrong:#?}");
}

#[test]
fn commands_and_options_exist() {
    fn options(command: &clap::Command, found: &mut BTreeSet<String>) {
        found.extend(
            command
                .get_arguments()
                .filter_map(|argument| argument.get_long())
                .map(|long| format!("--{long}")),
        );
        command.get_subcommands().for_each(|command| options(command, found));
    }
    let cli = Cli::command();
    let mut known: BTreeSet<String> = ["--help", "--version"].into_iter().map(str::to_owned).collect();
    options(&cli, &mut known);
    known.extend(FOREIGN_OPTIONS.iter().map(|option| (*option).to_owned()));
    let commands: BTreeSet<&str> =
        cli.get_subcommands().map(clap::Command::get_name).chain(["help"]).collect();
    let mut wrong = Vec::new();
    // What the program has written of itself needs no second look.
    for name in documents().into_iter().filter(|name| name != "docs/cli.md") {
        let code = code_of(&text(&name));
        for word in
            code.split(|c: char| c.is_whitespace() || matches!(c, '=' | ',' | '"' | '\'' | '(' | ')' | ';'))
        {
            // A sentence of a report can end with one.
            let word = word.trim_end_matches('.');
            let is_option = word.strip_prefix("--").is_some_and(|rest| rest.starts_with(char::is_alphabetic));
            if is_option && !known.contains(word) {
                wrong.push(format!("{name}: {word}"));
            }
        }
        for line in code.lines() {
            let typed = line.trim().trim_start_matches("$ ").trim_start_matches("cargo run --release -- ");
            let was_cargo = line.contains("cargo run --release -- ");
            let command = if was_cargo { Some(typed) } else { typed.strip_prefix("shelflife ") };
            if let Some(word) = command.and_then(|rest| rest.split_whitespace().next())
                && word.chars().all(|c| c.is_ascii_lowercase())
                && !commands.contains(word)
            {
                wrong.push(format!("{name}: shelflife {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "the documents mention what does not exist: {wrong:#?}");
    let overview = text("docs/commands.md");
    for command in cli.get_subcommands() {
        let name = command.get_name();
        assert!(
            overview.contains(&format!("shelflife {name}")),
            "docs/commands.md does not mention `shelflife {name}`"
        );
    }
}

#[test]
fn every_field_of_results_is_documented() {
    let document = text("docs/results.md");
    let example: serde_json::Value =
        serde_json::from_str(&text("reports/example/results.json")).expect("the example is JSON");
    assert_eq!(documented::undocumented(&example, &document), BTreeSet::new());
    // The check finds what is missing, wherever it stands.
    let other =
        serde_json::json!({"cells": [{"verdict": "drift", "mood": 1, "outputs": {"predict": {"taste": 2}}}]});
    let found: Vec<String> = documented::undocumented(&other, &document).into_iter().collect();
    assert_eq!(found, ["cells.*.mood", "cells.*.outputs.*.taste"]);
}

/// Words that STYLE.md has replaced: names of types, and phrases of messages.
const RETIRED: &[&str] = &[
    "OutsideFile",
    "Elsewhere",
    "Unequipped",
    "MirrorLacks",
    "files from outside",
    "fell silent",
    "takes note of",
    "nothing tells what",
    "is not known here",
    "not installed there",
];

#[test]
fn retired_words_stay_away() {
    for document in ["README.md", "ARCHITECTURE.md"] {
        assert!(text(document).contains("](STYLE.md)"), "{document} does not link STYLE.md");
    }
    let mut wrong = Vec::new();
    for file in pages::sources(&root().join("src")) {
        // What earlier versions wrote is read in their words.
        if file.ends_with("vocab/legacy.rs") {
            continue;
        }
        let text = fs_err::read_to_string(&file).expect("the source can be read");
        for word in RETIRED.iter().filter(|word| text.contains(**word)) {
            wrong.push(format!("{}: `{word}` is retired, see STYLE.md", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn words_in_files_stay_whatever_rust_calls_them() {
    let says = || "no compiler".to_owned();
    let environment = || "old".into();
    let written = serde_json::json!([
        Runtime::UnknownProducer,
        EnvironmentTrouble::UnknownProducer,
        NoReference::UnknownProducer,
        NoReference::ProducerNotMade { environment: environment(), says: says() },
        NoReference::ProducerFails {
            environment: environment(),
            outcome: Box::new(Outcome::NotInstalled { reason: says() }),
        },
        NoReference::ProducerSilent { environment: environment() },
        Trouble::NotInstalled { environment: environment(), says: says() },
        ArtifactAbsence::NotInstalled { reason: says() },
        Next::DeclareProducer { environment: environment() },
        Next::DeclareProducerOrExpected,
    ]);
    let text = written.to_string();
    for word in [
        "unknown-maker",
        "maker-not-made",
        "maker-fails",
        "maker-silent",
        "say-maker",
        "say-maker-or-expected",
    ] {
        assert!(text.contains(&format!("\"{word}\"")), "{word} is not in {text}");
    }
    assert!(text.starts_with("[\"elsewhere\",\"unknown-maker\","), "{text}");
    assert_eq!(text.matches("\"unequipped\"").count(), 3, "{text}");
}

/// A page that is written here stands as it would be written now; `INSTA_UPDATE=always` writes it.
fn is_written(name: &str, wanted: &str) {
    let path = root().join(name);
    if std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always") {
        fs_err::write(&path, wanted).expect("the page can be written");
    }
    let known = fs_err::read_to_string(&path).unwrap_or_default();
    assert!(
        known == wanted,
        "{name} is out of date: run `INSTA_UPDATE=always cargo test --test docs`, and look at what changed"
    );
}

#[test]
fn every_file_is_on_the_map() {
    is_written("docs/map.md", &pages::map(root()));
}

#[test]
fn commands_causes_and_keys_have_pages() {
    is_written("docs/cli.md", &pages::commands());
    is_written("docs/rules.md", &pages::rules());
    is_written("docs/keys.md", &pages::keys());
}

#[test]
fn the_readme_is_one_page_and_the_book_has_all_others() {
    let lines = text("README.md").lines().count();
    assert!(lines <= 150, "README.md has {lines} lines: what is more than a first look belongs below docs");
    let contents = text("docs/SUMMARY.md");
    let missing: Vec<String> = documents()
        .into_iter()
        .filter(|name| name != "docs/SUMMARY.md")
        .filter(|name| {
            let link = name
                .strip_prefix("docs/")
                .map_or_else(|| format!("(../{name})"), |below| format!("({below})"));
            !contents.contains(&link)
        })
        .collect();
    assert!(missing.is_empty(), "docs/SUMMARY.md does not list {missing:?}");
}

/// What stands in blocks of `console` is typed, and shows what is written below it: `printf` and what needs no environment.
#[test]
fn the_examples_show_what_they_show() {
    let program = Path::new(env!("CARGO_BIN_EXE_shelflife"));
    let folder = program.parent().expect("it lies in a folder").display();
    let mut typed = 0;
    for name in documents() {
        let place = tempfile::tempdir().expect("a folder");
        for (_, body) in blocks(&text(&name)).into_iter().filter(|(language, _)| language == "console") {
            let mut lines = body.lines().peekable();
            while let Some(line) = lines.next() {
                let command =
                    line.strip_prefix("$ ").unwrap_or_else(|| panic!("{name}: no command before `{line}`"));
                let mut shown = String::new();
                while let Some(output) = lines.next_if(|line| !line.starts_with("$ ")) {
                    shown.push_str(output);
                    shown.push('\n');
                }
                let told = std::process::Command::new("sh")
                    .args(["-c", command])
                    .current_dir(place.path())
                    .env("PATH", format!("{folder}:/usr/bin:/bin"))
                    .output()
                    .expect("there is a shell");
                let told = String::from_utf8_lossy(&told.stdout).into_owned();
                assert_eq!(told.trim_end(), shown.trim_end(), "{name}: {command}");
                typed += 1;
            }
        }
    }
    assert!(typed >= 5, "only {typed} commands were found");
}

/// Folders below `src` have a place in the architecture.
#[test]
fn every_folder_is_in_the_architecture() {
    let architecture = text("ARCHITECTURE.md");
    let folders: BTreeSet<String> = pages::sources(&root().join("src"))
        .iter()
        .filter_map(|file| Some(file.parent()?.strip_prefix(root().join("src")).ok()?.display().to_string()))
        .filter(|folder| !folder.is_empty() && !folder.ends_with("/tests"))
        .collect();
    let is_named = |folder: &&String| {
        let last = folder.rsplit('/').next().unwrap_or_default();
        [
            format!("`src/{folder}`"),
            format!("`{folder}`"),
            format!("`{last}`"),
            format!("`{last}/"),
            format!("src/{folder}/"),
        ]
        .iter()
        .any(|name| architecture.contains(name))
    };
    let missing: Vec<_> = folders.iter().filter(|folder| !is_named(folder)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name {missing:?}");
}

/// The captured run as docs/quickstart.md shows it: what a terminal of 100 columns shows of `reports/example`.
fn captured(record: &shelflife::vocab::Record) -> String {
    let options = TerminalOptions { width: 100, ..TerminalOptions::default() };
    anstream::adapter::strip_str(&present::terminal(record, &options)).to_string().trim_end().to_owned()
}

/// The most that the example may take, in bytes.
const EXAMPLE: u64 = 500_000;

#[test]
fn the_example_is_what_this_version_shows() {
    let example = root().join("reports/example");
    let record =
        app::open_record(&example.join("events.jsonl"), Path::new("reports")).expect("it can be read");
    let view = present::View::new(&record);
    let is_renewed = std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always");
    if is_renewed {
        present::write_reports(&example, &view, present::RENDERERS).expect("the example can be written");
    }
    let help = "run `INSTA_UPDATE=always cargo test --test docs example`, and look at what changed";
    for renderer in present::RENDERERS {
        let wanted = renderer.render(&view).expect("it renders");
        let known = fs_err::read(example.join(renderer.file)).expect("it can be read");
        assert!(known == wanted, "reports/example/{} is of another version: {help}", renderer.file);
    }
    let files = fs_err::read_dir(&example)
        .expect("it can be listed")
        .chain(fs_err::read_dir(example.join("locks")).expect("it can be listed"));
    let bytes: u64 =
        files.map(|file| file.and_then(|file| file.metadata()).expect("it is there").len()).sum();
    assert!(bytes <= EXAMPLE, "reports/example has {bytes} bytes: choose fewer cells");
    let page = text("docs/quickstart.md");
    let begin = "<!-- capture: reports/example -->\n```text\n";
    let (before, rest) = page.split_once(begin).expect("docs/quickstart.md shows a run");
    let (known, after) = rest.split_once("\n```\n<!-- /capture -->").expect("the capture ends");
    let wanted = captured(&record);
    if is_renewed {
        let renewed = format!("{before}{begin}{wanted}\n```\n<!-- /capture -->{after}");
        fs_err::write(root().join("docs/quickstart.md"), renewed).expect("the page can be written");
    } else {
        assert!(known == wanted, "the captured run in docs/quickstart.md is of another version: {help}");
    }
}
