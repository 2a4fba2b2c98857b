//! External artifacts: never trained, each loaded alone, their outputs found out by their reference.

use std::collections::BTreeSet;

use super::messages::TakeInError;
use crate::compare::ExpectedColumns;
use crate::matrix::{ExpectedOutput, ExternalArtifact};
use crate::plan::Plan;
use crate::store::CacheRoot;
use crate::vocab::{Digest, DigestBuilder, Observation, Outcome};

/// What the external artifacts of a plan import, once each and in order.
pub(super) fn modules(plan: &Plan) -> Vec<String> {
    let files = plan.models.iter().filter_map(|model| model.source.file());
    files.flat_map(|file| &file.modules).collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

/// Copies a file into the cache, with what is expected of it.
pub(super) fn take_in(cache: &CacheRoot, file: &ExternalArtifact) -> Result<(Digest, u64), TakeInError> {
    if let Some(reason) = &file.refusal {
        return Err(TakeInError::Refused(reason.clone(), file.foreign));
    }
    let copied = match &file.packed {
        Some(bytes) => cache.put_object(bytes).map(|digest| (digest, bytes.len() as u64)),
        None => cache.copy_object(&file.path, file.digest),
    };
    let copied = copied.map_err(|error| TakeInError::Refused(error.to_string(), None))?;
    if file.digest.is_some_and(|digest| digest != copied.0) {
        let reason = format!("`{}` has changed since it was looked at: run it again", file.declared_path);
        return Err(TakeInError::Refused(reason, None));
    }
    if let Some(given) = &file.given_modules {
        cache.put_known_object(&given.digest, &given.bytes).map_err(TakeInError::Cache)?;
    }
    for ExpectedOutput { output, bytes, .. } in file.expected.values() {
        cache.put_known_object(&output.digest, bytes).map_err(TakeInError::Cache)?;
    }
    Ok(copied)
}

/// What is expected, as the whole reference of an artifact whose producer cannot be asked, with its key; `None` where
/// nothing is expected.
pub(super) fn expectation(file: &ExternalArtifact) -> Option<(Digest, Observation)> {
    if file.expected.is_empty() {
        return None;
    }
    let observation = Observation {
        outcome: Outcome::Predicted { outputs: Default::default() },
        warnings: Default::default(),
        load_seconds: None,
        predict_seconds: None,
        peak_rss_bytes: None,
        printed: None,
        alone: true,
        tried: Vec::new(),
        form: None,
        made_up: None,
    };
    let key = expected_key(DigestBuilder::new("expected-v1"), file).finish();
    Some((key, with_expected(Some(file), observation)))
}

/// A reference, with what is expected in the place of what was seen.
pub(super) fn with_expected(file: Option<&ExternalArtifact>, mut observation: Observation) -> Observation {
    let Some(file) = file.filter(|file| !file.expected.is_empty()) else { return observation };
    if !matches!(observation.outcome, Outcome::Predicted { .. }) {
        // What is expected holds even where its producer cannot be asked any more.
        observation.outcome = Outcome::Predicted { outputs: Default::default() };
    }
    if let Outcome::Predicted { outputs } = &mut observation.outcome {
        for (name, expected) in &file.expected {
            outputs.insert(name.clone(), expected.output.clone());
        }
    }
    observation
}

/// What somebody has written down of the outputs of a file, with the classes that head the columns of each.
pub(super) fn expected_columns(file: &ExternalArtifact) -> ExpectedColumns {
    let given = file.expected.iter().filter(|_| file.expected_from.is_some());
    given.map(|(name, expected)| (name.clone(), expected.classes.clone())).collect()
}

/// The outputs that the cells of an external artifact are asked for: those of its reference. With nothing to compare,
/// whatever it offers is asked for: a failure is a finding all the same.
pub(super) fn methods(reference: Option<&Observation>) -> Option<Vec<String>> {
    let names = reference.and_then(super::comparing::outputs)?;
    let mut methods: Vec<String> = Vec::new();
    for name in names.keys() {
        // In front stands the path of one estimator among several.
        let (path, own) = name.rsplit_once('/').map_or(("", name.as_str()), |(path, own)| (path, own));
        let base = own.split(['[', '.']).next().unwrap_or(own);
        let base = if path.is_empty() { base.to_owned() } else { format!("{path}/{base}") };
        if !methods.contains(&base) {
            methods.push(base);
        }
    }
    Some(methods).filter(|methods| !methods.is_empty())
}

/// Adds what is expected to a key.
fn expected_key(builder: DigestBuilder, file: &ExternalArtifact) -> DigestBuilder {
    file.expected
        .iter()
        .fold(builder, |builder, (name, expected)| builder.text(name).digest(&expected.output.digest))
}
