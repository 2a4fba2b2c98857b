//! The keys of a project's settings, as they are written.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_spanned::Spanned;

use crate::matrix::{Problem, Source, complaint};
use crate::notation::glob;
use crate::vocab::{Verdict, schema_text};

/// The file that holds settings and nothing else.
pub const SETTINGS: &str = "shelflife.toml";
/// The file that holds them in a table of its own.
pub const PYPROJECT: &str = "pyproject.toml";

/// What `shelflife gate`, `check`, `rescue` and `requires` are over, and what a gate is judged by, where the command line does
/// not say. The options of the command line have the same names and win. Paths are relative to the folder of this file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(title = "shelflife settings")]
pub struct Settings {
    /// Files, folders, globs or registries, or one matrix (.toml).
    pub artifacts: Vec<String>,
    /// What they predict on, or a pattern such as `{dir}/X.csv`.
    pub inputs: Option<String>,
    /// What they should give, or a pattern such as `{stem}.csv`.
    pub expected: Option<String>,
    /// Columns of a CSV that are not inputs.
    pub drop: Vec<String>,
    /// Types of columns of a CSV, such as `zip=text`.
    pub dtype: Vec<String>,
    /// Outputs to compare, such as `predict`; all that they offer where empty.
    pub methods: Vec<String>,
    /// Folders with your own modules that the files need.
    pub modules: Vec<String>,
    /// The environment of today: versions, a requirements file, a lock, an interpreter or the folder of a virtual
    /// environment.
    pub from: Option<String>,
    /// The environment to move to.
    pub to: Option<String>,
    /// What is known: the file of `shelflife baseline accept`, or an earlier run.
    pub baseline: Option<String>,
    /// Verdicts that end the gate with 100, whatever is known.
    #[schemars(with = "Vec<VerdictWord>")]
    #[serde(rename = "fail-on")]
    words: Vec<Spanned<String>>,
    /// Folder of all runs. Default: `reports` beside this file.
    pub reports: Option<String>,
    /// The file in which they stand.
    #[serde(skip)]
    pub path: PathBuf,
    /// What `fail-on` says.
    #[serde(skip)]
    pub fail_on: Vec<Verdict>,
}

impl Settings {
    /// The folder that paths are relative to.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new(""))
    }

    /// The settings of a file by its name; `None` for a `pyproject.toml` without a table of ours.
    ///
    /// # Errors
    /// What is wrong, where, and what to write instead.
    pub(super) fn parse(path: &Path, bytes: Vec<u8>) -> Result<Option<Self>, Box<Problem>> {
        let is_shared = path.file_name().is_some_and(|name| name == PYPROJECT);
        // What is wrong with the rest of a file that others share is for others to say.
        if is_shared && !bytes.windows(9).any(|word| word == b"shelflife") {
            return Ok(None);
        }
        let source = Source::decoded(path, bytes)
            .map_err(|message| Source::problem_of_file(path, message, "save the file as UTF-8"))?;
        let wrong = |error: toml::de::Error| complaint(&source, &error);
        let mut found: Self = if is_shared {
            match toml::from_str::<toml::Table>(&source.text) {
                Ok(shared) if has_table(&shared) => is_one_table(&source)?,
                Err(error) if mentions_table(&source.text) => return Err(wrong(error)),
                Ok(_) | Err(_) => return Ok(None),
            }
            let shared: PyProject = toml::from_str(&source.text).map_err(wrong)?;
            shared.tool.shelflife
        } else {
            if let Ok(inner) = toml::from_str::<Placed>(&source.text) {
                let help =
                    "in shelflife.toml the keys stand at the top: leave the line `[tool.shelflife]` out";
                return Err(source.problem(inner.tool.shelflife.span(), TABLE_OF_OTHERS.to_owned(), help));
            }
            toml::from_str(&source.text).map_err(wrong)?
        };
        found.fail_on = verdicts(&found.words, &source)?;
        found.path = path.to_owned();
        Ok(Some(found))
    }
}

/// The part of `pyproject.toml` that is read.
#[derive(Deserialize)]
struct PyProject {
    tool: Tools,
}

#[derive(Deserialize)]
struct Tools {
    shelflife: Settings,
}

/// Where the table of ours stands, whatever it is.
#[derive(Deserialize)]
struct Placed {
    tool: PlacedTools,
}

#[derive(Deserialize)]
struct PlacedTools {
    shelflife: Spanned<toml::Value>,
}

const TABLE_OF_OTHERS: &str = "`tool.shelflife` is a table of pyproject.toml";

/// That settings in a file that others share are a table, and not a list of tables or a value.
fn is_one_table(source: &Source) -> Result<(), Box<Problem>> {
    match toml::from_str::<Placed>(&source.text) {
        Ok(placed) if !placed.tool.shelflife.get_ref().is_table() => {
            let help = "write `[tool.shelflife]`, once and in single brackets, and the keys below it";
            Err(source.problem(
                placed.tool.shelflife.span(),
                "`tool.shelflife` is not a table".to_owned(),
                help,
            ))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

fn has_table(shared: &toml::Table) -> bool {
    shared.get("tool").and_then(|tool| tool.get("shelflife")).is_some()
}

/// Whether a text that is no TOML was to have a table of ours.
fn mentions_table(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("[tool.shelflife"))
}

/// What `fail-on` says.
fn verdicts(words: &[Spanned<String>], source: &Source) -> Result<Vec<Verdict>, Box<Problem>> {
    let known = |word: &&Verdict, text: &str| word.as_str() == text;
    let each = words.iter().map(|word| {
        let text = word.get_ref();
        Verdict::ALL.iter().find(|it| known(it, text)).copied().ok_or_else(|| {
            let help = glob::suggestion(text, Verdict::ALL.iter().map(|verdict| verdict.as_str()));
            source.problem(word.span(), format!("`{text}` is not a verdict"), help)
        })
    });
    each.collect()
}

/// One word of `fail-on`, for editors.
struct VerdictWord;

impl JsonSchema for VerdictWord {
    fn schema_name() -> Cow<'static, str> {
        "Verdict".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

/// The JSON schema of settings, as it stands in `schema/settings.schema.json`.
pub fn settings_schema_json() -> String {
    schema_text::<Settings>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str, text: &str) -> Result<Option<Settings>, Box<Problem>> {
        Settings::parse(Path::new(name), text.as_bytes().to_vec())
    }

    #[test]
    fn both_files_have_the_same_keys() {
        let keys =
            "artifacts = [\"models/*.joblib\"]\nfrom = \"requirements.txt\"\nfail-on = [\"roundoff\"]\n";
        let own = parsed("a/shelflife.toml", keys).unwrap().unwrap();
        let shared = parsed("a/pyproject.toml", &format!("[project]\nname = 3\n[tool.shelflife]\n{keys}"));
        let shared = shared.unwrap().unwrap();
        assert_eq!(own.artifacts, shared.artifacts);
        assert_eq!(own.from.as_deref(), Some("requirements.txt"));
        assert_eq!(own.folder(), Path::new("a"));
        assert_eq!(own.fail_on, [Verdict::Roundoff]);
        assert_eq!(shared.fail_on, [Verdict::Roundoff]);
    }

    #[test]
    fn a_wrong_key_is_told_with_its_line_and_the_nearest_one() {
        for (name, text, line, help) in [
            ("shelflife.toml", "\nartefacts = []", 2, "did you mean `artifacts`?"),
            ("shelflife.toml", "fail_on = []", 1, "did you mean `fail-on`?"),
            ("pyproject.toml", "[tool.shelflife]\n\nform = \"x\"", 3, "did you mean `from`?"),
            ("pyproject.toml", "tool.shelflife.too = \"x\"", 1, "did you mean `to`?"),
            ("pyproject.toml", "[tool]\nshelflife = { too = 1 }", 2, "did you mean `to`?"),
            ("shelflife.toml", "fail-on = [\n  \"drift\",\n  \"drfit\",\n]", 3, "did you mean `drift`?"),
            ("shelflife.toml", "artifacts = \"a\"", 1, "write a list"),
            ("pyproject.toml", "[tool.shelflife]\nfrom = 'x", 2, "TOML writes"),
        ] {
            let problem = parsed(name, text).unwrap_err();
            assert_eq!(problem.line, line, "{text}: {problem:?}");
            assert!(
                problem.help.as_deref().is_some_and(|said| said.starts_with(help)),
                "{text}: {problem:?}"
            );
        }
    }

    #[test]
    fn what_others_write_in_a_shared_file_is_theirs() {
        let with = "[project]\ndependencies = [\"shelflife\"]\n";
        for text in ["", "[tool.ruff]\n", with, "tool = 3 # shelflife", "[[broken shelflife"] {
            assert!(parsed("pyproject.toml", text).unwrap().is_none(), "{text}");
        }
        assert!(parsed("pyproject.toml", "[tool.shelflife]\n").unwrap().is_some());
    }

    #[test]
    fn a_table_in_the_wrong_place_says_where_keys_stand() {
        let help = |path: &str, text: &str| parsed(path, text).unwrap_err().help.unwrap();
        for text in ["[[tool.shelflife]]\nto = \"x\"\n", "[tool]\nshelflife = \"yes\"\n"] {
            assert!(help("pyproject.toml", text).contains("single brackets"), "{text}");
        }
        let own = help("shelflife.toml", "[tool.shelflife]\nto = \"x\"\n");
        assert!(own.contains("leave the line `[tool.shelflife]` out"), "{own}");
    }
}
