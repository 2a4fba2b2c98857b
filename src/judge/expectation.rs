//! Values that somebody expects and that no such model gives: a mistake of who wrote them down, unless one environment gives
//! values of that kind.

use crate::state::ArtifactFacts;
use crate::vocab::{ByOutput, Cause, ErrorFact, ExpectedFile, Mismatch, Mistyped, OutputComparison};

/// Why nothing can be said of a cell, where what is expected of its artifact is mistyped.
pub(super) fn mistyped(artifact: &ArtifactFacts, outputs: &ByOutput<OutputComparison>) -> Option<Cause> {
    let from = expected_from(artifact)?;
    outputs.iter().find_map(|(name, comparison)| {
        let Some(Mismatch::Mistyped { how, row, column }) = &comparison.mismatch else { return None };
        let fits =
            |outputs: &ByOutput<OutputComparison>| outputs.get(name).is_some_and(|it| it.mismatch.is_none());
        let fits_elsewhere = artifact.seen().filter_map(|cell| cell.outputs).any(fits);
        let place = from.place(name, *row, *column);
        (!fits_elsewhere).then(|| Cause::ExpectedMistyped { output: name.clone(), how: how.clone(), place })
    })
}

/// Why nothing can be said of a cell, where an output is expected that its model has nowhere.
pub(super) fn no_such_output(
    artifact: &ArtifactFacts,
    method: Option<&str>,
    error: &ErrorFact,
) -> Option<Cause> {
    let (from, output) = (expected_from(artifact)?, method?);
    let is_absent =
        error.class == "AttributeError" || error.bases.iter().any(|base| base == "AttributeError");
    if !is_absent || !from.columns.contains_key(output) {
        return None;
    }
    let mut seen = artifact.seen().filter_map(|cell| cell.observation?.some_outputs());
    let is_given = seen.any(|outputs| outputs.contains_key(output));
    let place = from.place(output, None, Some(0));
    (!is_given).then(|| Cause::ExpectedMistyped {
        output: output.to_owned(),
        how: Mistyped::NoSuchOutput,
        place,
    })
}

fn expected_from(artifact: &ArtifactFacts) -> Option<&ExpectedFile> {
    artifact.file.as_ref()?.expected_from.as_ref()
}
