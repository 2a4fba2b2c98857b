//! From a path to the raw matrix: reading, TOML, and `extends`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_spanned::Spanned;

use super::error::{Fallible, Source};
use super::raw::{
    RawArtifact, RawDataset, RawDefaults, RawEnvironment, RawExpect, RawFormat, RawHeader, RawMatrix,
    RawModel, RawSelect, RawTolerance, Text,
};
use super::raw_limits::{RawLimits, RawRecipes};
use crate::notation::{glob, without_path};

/// Reads the bytes of a file.
pub(super) type Read<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// A part of a matrix together with the file that it stands in.
pub(super) struct Placed<T> {
    pub source: Arc<Source>,
    pub value: T,
}

/// A matrix and its bases as one.
pub(super) struct Merged {
    /// The file that was asked for.
    pub main: Arc<Source>,
    /// The name is the main file's own: a base's name must not be taken, for it names that base's runs.
    pub header: RawHeader,
    pub environments: Option<Placed<Vec<Spanned<RawEnvironment>>>>,
    pub select: Option<Placed<RawSelect>>,
    pub defaults: Option<Placed<RawDefaults>>,
    pub limits: Option<Placed<RawLimits>>,
    /// The main file's own: trust is not inherited.
    pub recipes: RawRecipes,
    pub datasets: Vec<(Text, Placed<RawDataset>)>,
    pub formats: Vec<(Text, Placed<RawFormat>)>,
    pub models: Option<Placed<Vec<Spanned<RawModel>>>>,
    pub artifacts: Option<Placed<Vec<Spanned<RawArtifact>>>>,
    pub tolerance: Vec<Placed<Spanned<RawTolerance>>>,
    pub expect: Vec<Placed<Spanned<RawExpect>>>,
}

/// Reads `path` and the matrices that it extends.
pub(super) fn load(path: &Path, read: Read<'_>) -> Fallible<Merged> {
    load_chain(path, None, &mut Vec::new(), read)
}

/// `asked` is where the file is named in the file that extends it.
fn load_chain(
    path: &Path,
    asked: Option<(&Source, &Text)>,
    seen: &mut Vec<PathBuf>,
    read: Read<'_>,
) -> Fallible<Merged> {
    let source = Arc::new(read_source(path, asked, read)?);
    seen.push(path.to_owned());
    let raw: RawMatrix = toml::from_str(&source.text).map_err(|error| toml_problem(&source, &error))?;
    let base = match &raw.extends {
        None => None,
        Some(base) => {
            let base_path = resolve(&source.path, base.get_ref());
            if let Some(start) = seen.iter().position(|path| *path == base_path) {
                let names: Vec<_> = seen[start..].iter().map(|path| path.display().to_string()).collect();
                return Err(source.problem(
                    base.span(),
                    format!("`{}` extends itself: {}", base.get_ref(), names.join(" extends ")),
                    "a base must not lead back to the file that extends it; remove one of these lines",
                ));
            }
            Some(load_chain(&base_path, Some((&source, base)), seen, read)?)
        }
    };
    Ok(merge(source, raw, base))
}

fn read_source(path: &Path, asked: Option<(&Source, &Text)>, read: Read<'_>) -> Fallible<Source> {
    let refuse = |message: String, help: &str| match asked {
        Some((source, text)) => source.problem(text.span(), message, help),
        None => Source::problem_of_file(path, message, help),
    };
    let where_it_is = match asked {
        Some(_) => "check the path; it is relative to this matrix file",
        None => "check the path, and that the file can be read",
    };
    let bytes = read(path).map_err(|error| {
        refuse(format!("cannot read the matrix `{}`: {}", path.display(), without_path(&error)), where_it_is)
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
        refuse(
            format!("`{}` is not UTF-8 text: line {line} has an invalid byte", path.display()),
            "save the file as UTF-8",
        )
    })?;
    // A byte order mark would shift every place in messages.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(Source::new(path, text))
}

/// `relative` as seen from the folder of `file`, without leading `./` and `x/..`.
pub(super) fn resolve(file: &Path, relative: &str) -> PathBuf {
    use std::path::Component;
    let joined = file.parent().unwrap_or_else(|| Path::new("")).join(relative);
    let mut resolved = PathBuf::new();
    for component in joined.components() {
        match component {
            Component::CurDir => {}
            // Only a named folder can be taken back; symbolic links are taken for the folders they stand for.
            Component::ParentDir
                if matches!(resolved.components().next_back(), Some(Component::Normal(_))) =>
            {
                resolved.pop();
            }
            other => resolved.push(other),
        }
    }
    // Nothing is left of `matrices/..`: the folder that everything is relative to.
    if resolved.as_os_str().is_empty() { PathBuf::from(".") } else { resolved }
}

fn merge(source: Arc<Source>, raw: RawMatrix, base: Option<Merged>) -> Merged {
    fn placed<T>(source: &Arc<Source>, own: Option<T>, base: Option<Placed<T>>) -> Option<Placed<T>> {
        own.map(|value| Placed { source: Arc::clone(source), value }).or(base)
    }
    fn appended<T>(source: &Arc<Source>, mut base: Vec<Placed<T>>, own: Vec<T>) -> Vec<Placed<T>> {
        base.extend(own.into_iter().map(|value| Placed { source: Arc::clone(source), value }));
        base
    }
    let base = base.unwrap_or_else(|| Merged {
        main: Arc::clone(&source),
        header: RawHeader::default(),
        environments: None,
        select: None,
        defaults: None,
        limits: None,
        recipes: RawRecipes::default(),
        datasets: Vec::new(),
        formats: Vec::new(),
        models: None,
        artifacts: None,
        tolerance: Vec::new(),
        expect: Vec::new(),
    });
    let header = raw.matrix.unwrap_or_default();
    fn one_by_one<T>(
        source: &Arc<Source>,
        mut base: Vec<(Text, Placed<T>)>,
        own: BTreeMap<Text, T>,
    ) -> Vec<(Text, Placed<T>)> {
        let mut own: Vec<_> = own.into_iter().collect();
        own.sort_by_key(|(name, _)| name.span().start);
        base.retain(|(name, _)| own.iter().all(|(own, _)| own != name));
        base.extend(
            own.into_iter().map(|(name, value)| (name, Placed { source: Arc::clone(source), value })),
        );
        base
    }
    Merged {
        header: RawHeader {
            name: header.name,
            description: header.description.or(base.header.description),
            package: header.package.or(base.header.package),
        },
        environments: placed(&source, raw.environments, base.environments),
        select: placed(&source, raw.select, base.select),
        defaults: placed(&source, raw.defaults, base.defaults),
        limits: placed(&source, raw.limits, base.limits),
        recipes: raw.recipes,
        datasets: one_by_one(&source, base.datasets, raw.datasets),
        formats: one_by_one(&source, base.formats, raw.formats),
        models: placed(&source, raw.models, base.models),
        artifacts: placed(&source, raw.artifact, base.artifacts),
        tolerance: appended(&source, base.tolerance, raw.tolerance),
        expect: appended(&source, base.expect, raw.expect),
        main: source,
    }
}

/// TOML's or serde's complaint in our words, with a suggestion where a key was mistyped.
fn toml_problem(source: &Source, error: &toml::de::Error) -> Box<super::error::Problem> {
    let message = error.message();
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    // A problem of the file as a whole has no span: it is shown at its first line.
    let span = error.span().unwrap_or(0..source.text.find('\n').unwrap_or(source.text.len()));
    if message.starts_with("unknown field")
        && let Some((unknown, known)) = words.split_first()
    {
        let help = match glob::nearest(unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "no key is known here".to_owned(),
            None => format!("the keys known here are `{}`", known.join("`, `")),
        };
        return source.problem(span, format!("unknown key `{unknown}`"), help);
    }
    if message.starts_with("missing field")
        && let [missing] = words.as_slice()
    {
        return source.problem(span, format!("the key `{missing}` is missing here"), missing_help(missing));
    }
    let help = if message.contains("the number") {
        "write it in quotes, for example \"3.11\""
    } else if message.contains("expected a text in quotes") {
        "write a text in quotes, or for example [\"one\", \"other\"]"
    } else if message.contains("invalid type") {
        "write a value of the expected type"
    } else if message.contains("duplicate key") {
        "remove or rename one of the two"
    } else {
        "TOML writes `key = value`, texts in quotes, lists as [1, 2] and tables as { key = value }"
    };
    source.problem(span, message.trim().replace('\n', " "), help)
}

fn missing_help(key: &str) -> String {
    let example = match key {
        "name" => "name = \"logistic\"",
        "path" => "path = \"../datasets/blobs.csv\"",
        "verdict" => "verdict = \"drift\"",
        "reason" => "reason = \"why this is expected, in a sentence for the reader of the report\"",
        "rtol" => "rtol = 1e-7",
        "stol" => "stol = 1e-12",
        _ => return String::new(),
    };
    format!("add `{example}`")
}
