//! Inputs that a declaration names as a file: one for all artifacts, or a pattern that each fills in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::expected::{self, ExpectedValues};
use super::files::{Files, Kind};
use super::find::Found;
use super::recognise::Seen;
use super::rows::json_inputs;
use crate::dataset::{self, Dataset, DatasetError, Features, ReadAs, Values};
use crate::matrix::{DatasetSpec, ExpectedOutput, Refusal};
use crate::vocab::{ExpectedFile, InferredColumns, InferredType, InputTypes};

/// A file of inputs that was read.
#[derive(Clone, Debug)]
pub(super) struct InputFile {
    /// Its name in the plan.
    pub name: String,
    /// Its rows.
    pub rows: usize,
    /// What its columns were taken for.
    pub inferred: InputTypes,
    /// What it offers.
    pub form: Offered,
}

impl InputFile {
    pub fn of(name: String, dataset: &Dataset) -> Self {
        Self { name, rows: dataset.rows, inferred: inferred(dataset), form: Offered::by(dataset) }
    }
}

/// What inputs offer a model that selects columns by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    /// Columns with names, all of which hold numbers.
    Numbers,
    /// Columns with names and of several types.
    Table,
    /// No names.
    NoNames,
}

impl Offered {
    pub fn by(dataset: &Dataset) -> Self {
        match &dataset.features {
            _ if dataset.dataframe => Self::Table,
            Features::Table(_) if dataset.named => Self::Table,
            Features::Array { .. } if dataset.named => Self::Numbers,
            Features::Array { .. } | Features::Table(_) | Features::Text(_) | Features::List { .. } => {
                Self::NoNames
            }
        }
    }

    /// Whether a model may want a DataFrame of them: columns of several types are one, and what selects columns may do it
    /// by name.
    pub fn needs_pandas(self, seen: &Seen) -> bool {
        match self {
            Self::Table => true,
            Self::Numbers => seen.modules.iter().any(|module| module.starts_with(COMPOSE)),
            Self::NoNames => false,
        }
    }
}

/// Where scikit-learn keeps what selects columns.
const COMPOSE: &str = "sklearn.compose";
/// Columns of one type that are named in a report.
const MOST_NAMED: usize = 5;

/// What a column of one of pandas' own types is.
fn own_type(dtype: &serde_json::Value) -> InferredType {
    let name = dtype["dtype"].as_str().unwrap_or_default();
    match name {
        "category" if dtype["ordered"] == true => InferredType::OrderedCategories,
        "category" => InferredType::Categories,
        _ if name.starts_with("datetime64") => InferredType::Moments,
        _ => InferredType::OwnTypes,
    }
}

/// What the columns are, or were taken for.
fn inferred(dataset: &Dataset) -> InputTypes {
    let mut found: BTreeMap<InferredType, InferredColumns> = BTreeMap::new();
    let mut note = |name: &str, kind: InferredType| {
        let columns =
            found.entry(kind).or_insert_with(|| InferredColumns { kind, count: 0, first: Vec::new() });
        columns.count += 1;
        if columns.first.len() < MOST_NAMED {
            columns.first.push(name.to_owned());
        }
    };
    let kind = |read_as: ReadAs| match read_as {
        ReadAs::Whole => InferredType::WholeNumbers,
        ReadAs::Truths => InferredType::Truths,
        ReadAs::Texts => InferredType::Texts,
        ReadAs::Stored(_) => InferredType::Numbers,
    };
    match &dataset.features {
        Features::Array { names, read_as, .. } => {
            for (name, read_as) in names.iter().zip(read_as) {
                note(name, read_as.map_or(InferredType::Numbers, kind));
            }
        }
        Features::Table(columns) => {
            for column in columns {
                match (column.read_as, &column.values) {
                    (Some(read_as), _) => note(&column.name, kind(read_as)),
                    (None, Values::F64(_)) => note(&column.name, InferredType::Numbers),
                    (None, Values::Pandas { dtype, .. }) => note(&column.name, own_type(dtype)),
                    (None, _) => {}
                }
            }
        }
        Features::Text(_) | Features::List { .. } => {}
    }
    found.into_values().collect()
}

/// The expected values for an artifact, which belong to inputs of so many rows.
pub(super) fn expected(
    pattern: &Path,
    found: &Found,
    rows: Option<usize>,
    files: &dyn Files,
) -> Result<(BTreeMap<String, ExpectedOutput>, ExpectedFile), Refusal> {
    let path = filled_in(pattern, found, files)?;
    let unusable = |message: String, help: String| Refusal { message, help };
    let bytes = files.read(&path).map_err(|error| {
        let message = format!("the expected values `{}` cannot be read: {error}", path.display());
        unusable(message, "check the path".to_owned())
    })?;
    let ExpectedValues { outputs, mut columns } = expected::of_file(&path, &bytes).map_err(refusal)?;
    let given = rows.map(|rows| rows as u64);
    for (name, output) in &outputs {
        let own = output.output.shape.first().copied();
        // What is no output of rows, `classes_` for one, has a length of its own.
        if let (Some(given), Some(own), false) = (given, own, name.ends_with('_'))
            && given != own
        {
            if let Some(line) = empty_line(&path, &bytes) {
                let message = format!(
                    "line {line} of the expected values `{}` is empty: there are {own} rows of {name}, and {given} of the inputs",
                    path.display()
                );
                return Err(unusable(message, "write the value that is missing there".to_owned()));
            }
            let help = if own + 1 == given {
                "the first line is taken for the names of the columns: add a header line, or the missing row"
            } else {
                "give a row of expected values for each row of the inputs"
            };
            let message = format!(
                "the expected values `{}` have {own} rows of {name}, and the inputs have {given}",
                path.display()
            );
            return Err(unusable(message, help.to_owned()));
        }
    }
    for name in outputs.keys() {
        columns.entry(name.clone()).or_default();
    }
    let lines = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    Ok((outputs, ExpectedFile { path: path.display().to_string(), lines, columns }))
}

/// The first line of a CSV that is empty, but for the last: no reader takes it for a row.
fn empty_line(path: &Path, bytes: &[u8]) -> Option<usize> {
    path.extension().filter(|extension| extension.eq_ignore_ascii_case("csv"))?;
    let text = std::str::from_utf8(bytes).ok()?.trim_end();
    text.lines().position(|line| line.trim().is_empty()).map(|index| index + 1)
}

fn refusal(error: DatasetError) -> Refusal {
    Refusal {
        help: miette::Diagnostic::help(&error).map(|help| help.to_string()).unwrap_or_default(),
        message: error.to_string(),
    }
}

/// What a pattern may hold, with what stands for it.
const PLACEHOLDERS: &str =
    "{stem} is the file's name without its ending, {dir} its folder, {name} the name of its model";

/// The file that a pattern means for an artifact: as written, or else beside the artifact.
pub(super) fn filled_in(pattern: &Path, found: &Found, files: &dyn Files) -> Result<PathBuf, Refusal> {
    let text = pattern.to_string_lossy();
    if !text.contains('{') || files.kind(pattern) == Kind::File {
        return Ok(pattern.to_owned());
    }
    let folder = found.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let stem = found.path.file_stem().unwrap_or_default().to_string_lossy();
    let filled = text
        .replace("{stem}", &stem)
        .replace("{dir}", &folder.to_string_lossy())
        .replace("{name}", &found.name);
    let refuse = |message: String| Refusal { message, help: PLACEHOLDERS.to_owned() };
    if let Some(open) = filled.find('{')
        && let Some(length) = filled[open..].find('}')
    {
        return Err(refuse(format!(
            "`{text}` holds `{}`, which stands for nothing",
            &filled[open..=open + length]
        )));
    }
    let path = PathBuf::from(&filled);
    let beside = folder.join(path.file_name().unwrap_or_default());
    match [&path, &beside].into_iter().find(|path| files.kind(path) == Kind::File) {
        Some(path) => Ok(path.clone()),
        None => Err(refuse(format!(
            "`{text}` means `{filled}` for `{}`, and there is no such file",
            found.declared
        ))),
    }
}

/// The inputs in a file, by its extension.
pub(super) fn read(spec: &DatasetSpec, files: &dyn Files) -> Result<Dataset, Refusal> {
    let extension = spec.path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
    let is_json = matches!(extension.as_deref(), Some("json" | "jsonl"));
    if !is_json && !matches!(extension.as_deref(), Some("csv" | "npy" | "parquet")) {
        return Err(Refusal {
            message: format!(
                "the inputs `{}` are neither .csv, .parquet, .npy, .json nor .jsonl",
                spec.path.display()
            ),
            help: "save them as one of these".to_owned(),
        });
    }
    let bytes = files.read(&spec.path).map_err(|error| refusal(DatasetError::unreadable(spec, &error)))?;
    if is_json {
        return json_inputs(&spec.path, &bytes).map_err(|says| Refusal {
            message: format!("the inputs `{}` cannot be used: {says}", spec.path.display()),
            help: "write rows: lists of values, or {\"column\": value}, or texts".to_owned(),
        });
    }
    dataset::parse(spec, &bytes, None).map_err(refusal)
}
