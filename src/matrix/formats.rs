//! The formats that a matrix can use: those of the table, and those that it declares itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_spanned::Spanned;

use super::error::{Fallible, Problems, Source};
use super::load::{Placed, Read, resolve};
use super::naming::plain_name;
use super::raw::{RawFormat, Text, Texts, texts};
use super::types::ModelSpec;
use crate::format::{self, Format};
use crate::notation::{glob, without_path};
use crate::vocab::{FormatName, ReferenceKind};

/// Ways to damage a file, as the agent knows them.
const DAMAGES: &[&str] =
    &["truncated", "last-byte", "flipped", "magic", "empty", "other-format", "bomb", "claim"];

/// What a format's name holds in place of the word for a damage.
const DAMAGE: &str = "{damage}";

/// Every format by its order: the table's, then the declared ones.
pub(super) struct Formats(Vec<Arc<Format>>);

impl Formats {
    pub fn compile(declared: &[(Text, Placed<RawFormat>)], read: Read<'_>, problems: &mut Problems) -> Self {
        let mut formats =
            Self(format::TABLE.iter().map(|row| Arc::new(row.format())).collect::<Vec<Arc<Format>>>());
        for (name, placed) in declared {
            let Some(names) = problems.take(damaged(name, placed)) else { continue };
            for (name, damage) in names {
                if let Some(format) = problems.take(formats.declared(&name, damage.as_ref(), placed, read)) {
                    formats.0.push(Arc::new(format));
                }
            }
        }
        formats
    }

    fn find(&self, name: &str) -> Option<&Arc<Format>> {
        self.0.iter().find(|format| format.name.as_str() == name)
    }

    fn declared(
        &self,
        name: &Text,
        damage: Option<&Text>,
        placed: &Placed<RawFormat>,
        read: Read<'_>,
    ) -> Fallible<Format> {
        let (source, raw) = (&placed.source, &placed.value);
        let own_name: FormatName = plain_name(source, name, "format")?.into();
        if self.find(own_name.as_str()).is_some() {
            return Err(source.problem(
                name.span(),
                format!("the format `{name}` exists already"),
                "give this one another name",
            ));
        }
        let mut format = match (&raw.base, &raw.file) {
            (Some(base), None) => {
                let Some(base) = self.find(base.get_ref()) else {
                    return Err(source.problem(
                        base.span(),
                        format!("`{base}` is not a format"),
                        glob::suggestion(base.get_ref(), self.0.iter().map(|format| format.name.as_str())),
                    ));
                };
                Format { intact: damage.map(|_| base.name.clone()), ..(**base).clone() }
            }
            (None, Some(file)) => from_file(source, file, read)?,
            (base, _) => {
                return Err(source.problem(
                    base.as_ref().map_or(name.span(), Spanned::span),
                    format!("the format `{name}` needs either `base` or `file`"),
                    "write, for example, `base = \"onnx\"`, or `file = \"formats/own.py\"`",
                ));
            }
        };
        format.name = own_name;
        format.about = raw.about.clone().unwrap_or(format.about);
        format.runs_code = raw.runs_code.or(format.runs_code);
        if let Some(word) = &raw.reference {
            format.reference = match word.get_ref().as_str() {
                "artifact" => ReferenceKind::Artifact,
                "model" => ReferenceKind::Model,
                other => {
                    return Err(source.problem(
                        word.span(),
                        format!("unknown value `{other}`"),
                        glob::suggestion(other, ["artifact", "model"]),
                    ));
                }
            };
        }
        let known = format::handler(&format.handler).map(|handler| handler.options);
        let mut options = format.options.as_object().cloned().unwrap_or_default();
        for (key, value) in &raw.options {
            if let Some(known) = known
                && !known.contains(&key.get_ref().as_str())
            {
                return Err(source.problem(
                    key.span(),
                    format!("`{key}` is not an option of {}", format.handler),
                    glob::suggestion(key.get_ref(), known.iter().copied()),
                ));
            }
            options.insert(key.get_ref().clone(), json(source, key, value)?);
        }
        if let Some(kind) = damage {
            if !DAMAGES.contains(&kind.get_ref().as_str()) {
                return Err(source.problem(
                    kind.span(),
                    format!("`{kind}` is not a known kind of damage"),
                    glob::suggestion(kind.get_ref(), DAMAGES.iter().copied()),
                ));
            }
            // What a damaged file gives in its own producer is no reference.
            format.reference = ReferenceKind::Model;
            options.insert("damage".to_owned(), kind.get_ref().clone().into());
        }
        format.options = options.into();
        Ok(format)
    }

    /// The format of exactly this name.
    pub fn known(&self, source: &Source, name: &Text) -> Fallible<FormatName> {
        match self.find(name.get_ref()) {
            Some(format) => Ok(format.name.clone()),
            None => Err(source.problem(
                name.span(),
                format!("`{name}` is not a format"),
                glob::suggestion(name.get_ref(), self.0.iter().map(|format| format.name.as_str())),
            )),
        }
    }

    /// The formats that names and globs stand for, in the order of the names and then of the table.
    pub fn select(&self, source: &Source, patterns: &Texts) -> Fallible<Vec<FormatName>> {
        let mut formats: Vec<FormatName> = Vec::new();
        for text in texts(patterns) {
            let mut matching = self
                .0
                .iter()
                .map(|format| &format.name)
                .filter(|name| glob::matches(text.get_ref(), name.as_str()))
                .peekable();
            if matching.peek().is_none() {
                return Err(source.problem(
                    text.span(),
                    format!("`{text}` is not a format"),
                    glob::suggestion(text.get_ref(), self.0.iter().map(|format| format.name.as_str())),
                ));
            }
            for name in matching {
                if !formats.contains(name) {
                    formats.push(name.clone());
                }
            }
        }
        if formats.is_empty() {
            return Err(source.problem(
                patterns.span(),
                "no format is given",
                "write, for example, [\"pickle\"]",
            ));
        }
        Ok(formats)
    }

    /// Those that models are written in.
    pub fn used(&self, models: &[ModelSpec]) -> BTreeMap<FormatName, Arc<Format>> {
        self.0
            .iter()
            .filter(|format| models.iter().any(|model| model.formats.contains(&format.name)))
            .map(|format| (format.name.clone(), Arc::clone(format)))
            .collect()
    }
}

fn from_file(source: &Source, file: &Text, read: Read<'_>) -> Fallible<Format> {
    let path = resolve(&source.path, file.get_ref());
    let refuse = |what: String, help: &str| source.problem(file.span(), what, help);
    let bytes = read(&path).map_err(|error| {
        refuse(
            format!("cannot read the format's file `{}`: {}", path.display(), without_path(&error)),
            "check the path; it is relative to this matrix file",
        )
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| refuse(format!("`{}` is not UTF-8 text", path.display()), "save it as UTF-8"))?;
    for function in ["save", "load"] {
        if !text.lines().any(|line| line.starts_with(&format!("def {function}("))) {
            return Err(refuse(
                format!("`{}` does not define `{function}`", path.display()),
                "it needs `def save(estimator, path, options, dataset)` and `def load(path, options)`",
            ));
        }
    }
    let stem = Path::new(file.get_ref()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Format {
        name: stem.as_str().into(),
        handler: format!("file {}", file.get_ref()),
        source: text.into(),
        options: serde_json::Value::Object(serde_json::Map::new()),
        extension: "artifact".to_owned(),
        about: format!("as {stem} writes and reads it"),
        reference: ReferenceKind::Artifact,
        runs_code: None,
        intact: None,
    })
}

/// The formats that one declaration stands for: one for each damage, whose word takes the place of `{damage}`.
fn damaged(name: &Text, placed: &Placed<RawFormat>) -> Fallible<Vec<(Text, Option<Text>)>> {
    let Some(damage) = &placed.value.damage else { return Ok(vec![(name.clone(), None)]) };
    let kinds = texts(damage);
    if kinds.len() != 1 && !name.get_ref().contains(DAMAGE) {
        return Err(placed.source.problem(
            name.span(),
            format!("`{name}` would be the name of {} formats", kinds.len()),
            format!("put the damage into the name, such as `[formats.\"{name}-{DAMAGE}\"]`"),
        ));
    }
    let named =
        |kind: Text| (Spanned::new(name.span(), name.get_ref().replace(DAMAGE, kind.get_ref())), Some(kind));
    Ok(kinds.into_iter().map(named).collect())
}

/// An option as the agent gets it.
pub(super) fn json(source: &Source, key: &Text, value: &toml::Value) -> Fallible<serde_json::Value> {
    use toml::Value;
    Ok(match value {
        Value::String(text) => text.clone().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::Array(list) => {
            list.iter().map(|item| json(source, key, item)).collect::<Fallible<Vec<_>>>()?.into()
        }
        Value::Table(table) => serde_json::Value::Object(
            table
                .iter()
                .map(|(name, item)| Ok((name.clone(), json(source, key, item)?)))
                .collect::<Fallible<_>>()?,
        ),
        Value::Datetime(_) => {
            return Err(source.problem(key.span(), "an option cannot be a date", "write it as a text"));
        }
    })
}
