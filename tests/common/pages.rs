//! Pages of the documentation that are written by a test: every file, command, known cause, and key.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use serde_json::Value;
use shelflife::cli::Cli;
use shelflife::explain::{self, Case, Rule};
use shelflife::matrix;
use shelflife::notation::Requirement;

/// `docs/cli.md`: the help of every command, as `--help` shows it on a terminal of 100 columns.
pub fn commands() -> String {
    let cli = Cli::command().term_width(100);
    let globals: Vec<String> =
        cli.get_arguments().filter(|arg| arg.is_global_set()).map(|arg| arg.get_id().to_string()).collect();
    let mut page = "# Every command and option\n\nWhat `--help` says of each. The options under `shelflife` itself belong to every command.\n"
        .to_owned();
    one_command(&mut page, cli, "shelflife", &globals, true);
    page
}

fn one_command(page: &mut String, command: clap::Command, name: &str, globals: &[String], is_top: bool) {
    let below: Vec<clap::Command> =
        command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned().collect();
    let mut shown = command.bin_name(name.to_owned());
    if !is_top {
        let given: Vec<String> = shown.get_arguments().map(|arg| arg.get_id().to_string()).collect();
        for id in globals.iter().filter(|id| given.contains(id)) {
            shown = shown.mut_arg(id, |arg| arg.hide(true));
        }
    }
    let help = shown.term_width(100).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let depth = "#".repeat(1 + name.split(' ').count());
    // Writing to a `String` cannot fail.
    let _ = write!(page, "\n{depth} {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for sub in below {
        let longer = format!("{name} {}", sub.get_name());
        one_command(page, sub, &longer, globals, false);
    }
}

/// `docs/rules.md`: every known cause, by the package whose change it is.
pub fn rules() -> String {
    let mut packages: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in explain::rules() {
        packages.entry(&rule.package).or_default().push(rule);
    }
    let mended = explain::rules().iter().filter(|rule| rule.has_mend()).count();
    let mut page = format!(
        "# Every known cause\n\nThe {} reasons that shelflife knows for files that stop working, and between which releases; {mended} of \
         them are mended by [`shelflife rescue`](rescue.md). `shelflife explain NAME` says why each happens, what to do, and in \
         how many cells it was measured; `shelflife explain --message` finds the one behind an error.\n",
        explain::rules().len()
    );
    for (package, rules) in packages {
        let _ = write!(
            page,
            "\n## {package}\n\n| name | what | written with | read with | comes out as | rescued |\n| --- | --- | --- | --- | --- | --- |\n"
        );
        for rule in rules {
            let rescued = if rule.has_mend() { "yes" } else { "no" };
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {} | {rescued} |",
                rule.id,
                cell(&rule.title),
                distinct(rule, |case| side(&case.producer)),
                distinct(rule, |case| side(&case.consumer)),
                distinct(rule, |case| case.verdict.to_string()),
            );
        }
    }
    page
}

/// `docs/keys.md`: every key of a matrix, from the schema that editors read.
pub fn keys() -> String {
    let schema: Value = serde_json::from_str(&matrix::schema_json()).expect("the schema is JSON");
    let mut page = "# Every key of a matrix\n\nWhat the schema says of each (`shelflife schema` prints it for editors). \
                    [matrix.md](matrix.md) explains how they belong together.\n"
        .to_owned();
    one_table(&mut page, &schema, &schema, "Top level", &[]);
    page
}

/// A table of keys, and those of the tables in it. `path` are the names that lead there, such as `models` or `datasets`.
fn one_table(page: &mut String, schema: &Value, table: &Value, title: &str, path: &[(&str, Place)]) {
    let properties = table["properties"].as_object().expect("a table has keys");
    let required: Vec<&str> =
        table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let _ = write!(page, "\n## {title}\n\n| key | what it is |\n| --- | --- |\n");
    for (key, about) in properties {
        let said = about["description"].as_str().unwrap_or_default().replace('\n', " ");
        let must = if required.contains(&key.as_str()) { " Required." } else { "" };
        let _ = writeln!(page, "| `{key}` | {}{must} |", said.replace('|', "\\|"));
    }
    for (key, about) in properties {
        if let Some((name, place)) = table_in(about) {
            let below: Vec<(&str, Place)> = path.iter().copied().chain([(key.as_str(), place)]).collect();
            one_table(page, schema, &schema["$defs"][format!("Raw{name}")], &written(&below), &below);
        }
    }
}

/// How tables of one kind stand in a file.
#[derive(Clone, Copy)]
enum Place {
    /// `[limits]`
    One,
    /// `[[models]]`
    List,
    /// `[datasets.NAME]`
    ByName,
}

/// The kind of table that a key holds, and how such tables stand there. What is a value in one of several forms is none.
fn table_in(about: &Value) -> Option<(&str, Place)> {
    let direct = about["anyOf"].as_array().map_or(about, |any| any.first().unwrap_or(about));
    [(direct, Place::One), (&about["items"], Place::List), (&about["additionalProperties"], Place::ByName)]
        .into_iter()
        .find_map(|(value, place)| Some((value["$ref"].as_str()?.strip_prefix("#/$defs/Raw")?, place)))
}

/// `[[models]]`, `[datasets.NAME]`, `[environments.build]`.
fn written(path: &[(&str, Place)]) -> String {
    let names: Vec<String> = path
        .iter()
        .map(|(name, place)| match place {
            Place::One | Place::List => (*name).to_owned(),
            Place::ByName => format!("{name}.NAME"),
        })
        .collect();
    let joined = names.join(".");
    match path.last() {
        Some((_, Place::List)) => format!("`[[{joined}]]`"),
        _ => format!("`[{joined}]`"),
    }
}

/// A text as it stands in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('_', "\\_").replace('*', "\\*")
}

fn side(requirements: &[Requirement]) -> String {
    let texts: Vec<String> = requirements.iter().map(|requirement| format!("`{requirement}`")).collect();
    if texts.is_empty() { "any".to_owned() } else { texts.join(" ") }
}

/// What the cases of a rule say, each once, in their order.
fn distinct(rule: &Rule, of: impl Fn(&Case) -> String) -> String {
    let mut seen = Vec::new();
    for text in rule.cases.iter().map(of) {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen.join(", ")
}

/// The Rust and Python files below a folder.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).expect("sources can be listed") {
        let path = entry.expect("sources can be listed").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            files.push(path);
        }
    }
    files
}

/// What a source file says of itself in its first sentence.
fn about(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("#!")).collect();
    let of_comment = |mark: &str| -> Option<String> {
        let words: Vec<&str> = lines
            .iter()
            .map_while(|line| line.strip_prefix(mark).map(str::trim))
            .take_while(|line| !line.is_empty())
            .collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    let of_python = || {
        let text = lines.join("\n");
        let body = text.strip_prefix("\"\"\"")?.split("\"\"\"").next()?.to_owned();
        Some(body.split("\n\n").next()?.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let said = of_comment("//!").or_else(of_python).or_else(|| of_comment("#"))?;
    let sentence = said.split(". ").next().unwrap_or(&said).trim_end_matches(['.', ':']);
    Some(sentence.to_owned())
}

/// `docs/map.md` as the sources say it: every file of `src` in the words with which it begins.
pub fn map(root: &Path) -> String {
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut silent = Vec::new();
    for file in sources(&root.join("src")) {
        let path = file.strip_prefix(root).expect("below the root");
        let folder = path.parent().expect("a file has a folder").display().to_string();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs_err::read_to_string(&file).expect("the source can be read");
        match about(&text) {
            _ if name == "tests.rs" => {}
            Some(words) => folders.entry(folder).or_default().push(format!("- `{name}`: {words}\n")),
            None => silent.push(path.display().to_string()),
        }
    }
    assert!(silent.is_empty(), "these files do not say what they are in their first line: {silent:?}");
    let mut map = "# Every file\n\nWhat each file of `src` is, in the words with which it begins; [ARCHITECTURE.md](../ARCHITECTURE.md) says \
                   how they belong together.\n"
        .to_owned();
    for (folder, mut lines) in folders {
        lines.sort();
        map.push_str(&format!("\n## {folder}\n\n{}", lines.concat()));
    }
    map
}
