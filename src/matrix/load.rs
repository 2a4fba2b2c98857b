//! From a path to the raw matrix: reading, TOML, and `extends`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_spanned::Spanned;

use super::complaint::complaint;
use super::error::{Fallible, Source};
use super::raw::{
    RawArtifact, RawDataset, RawDefaults, RawEnvironment, RawExpect, RawFormat, RawHeader, RawMatrix,
    RawModel, RawSelect, RawTolerance, Text,
};
use super::raw_limits::{RawLimits, RawRecipes};
use crate::notation::without_path;

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
    let raw: RawMatrix = toml::from_str(&source.text).map_err(|error| complaint(&source, &error))?;
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
    Source::decoded(path, bytes).map_err(|message| refuse(message, "save the file as UTF-8"))
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
