//! The formats of files of a request, all of which are of the table.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::error::RequestError;
use crate::format::{self, Format, FormatRow};
use crate::matrix::ModelSpec;
use crate::vocab::{FormatName, ReferenceKind};

/// The format that a request names.
pub(super) fn declared(name: Option<&str>) -> Result<Option<FormatName>, RequestError> {
    let Some(name) = name else { return Ok(None) };
    let reads = |row: &FormatRow| format::handler(row.handler).is_some_and(|handler| handler.reads.is_some());
    let known: Vec<&str> = format::TABLE.iter().filter(|row| reads(row)).map(|row| row.name).collect();
    if known.contains(&name) {
        return Ok(Some(name.into()));
    }
    Err(RequestError::Format { name: name.to_owned(), known })
}

/// The format in which a request wants models to be written.
pub(super) fn written(name: Option<&str>) -> Result<Option<Arc<Format>>, RequestError> {
    let Some(name) = name else { return Ok(None) };
    let Some(row) = format::writable(name) else {
        let names = format::TABLE.iter().map(|row| row.name);
        let known = names.filter(|name| format::writable(name).is_some()).collect();
        return Err(RequestError::WrittenFormat { name: name.to_owned(), known });
    };
    let mut format = row.format();
    // What it is compared with is the model that it was made of.
    format.reference = ReferenceKind::Artifact;
    Ok(Some(Arc::new(format)))
}

/// The formats of models, with what the request trusts. An external artifact is compared with what its own producer makes
/// of it, whatever its format: there is no other model.
pub(super) fn of_models(
    models: &mut [ModelSpec],
    trust: &[String],
) -> Result<BTreeMap<FormatName, Arc<Format>>, RequestError> {
    let mut formats = BTreeMap::new();
    let mut is_trusted = trust.is_empty();
    for name in models.iter_mut().flat_map(|model| &mut model.formats) {
        let Some(row) = format::find(name.as_str()) else { continue };
        let mut format = row.format();
        format.reference = ReferenceKind::Artifact;
        // MLflow keeps what is trusted in its own folder.
        if !trust.is_empty() && row.handler == "skops" {
            is_trusted = true;
            trusting(&mut format, trust);
            *name = format.name.clone();
        }
        formats.insert(format.name.clone(), Arc::new(format));
    }
    if is_trusted { Ok(formats) } else { Err(RequestError::TrustWithoutSkops) }
}

fn trusting(format: &mut Format, trust: &[String]) {
    let trusted = match trust {
        [word] if word == "all" => Value::from("all"),
        types => types.iter().map(String::as_str).collect(),
    };
    // Another name than that of the table, whose options are known by the name alone.
    format.name = format!("skops-trusting-{}", trust.join("+")).as_str().into();
    format.about = format!("a skops file, loaded with trust in {}", trust.join(", "));
    format.options = serde_json::json!({ "trust": trusted });
}
