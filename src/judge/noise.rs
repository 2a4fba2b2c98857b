//! Roundoff by the noise floor: an output outside tolerance that moves as much in the environment that made it, as soon as
//! that computes in another way.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::ArtifactFacts;
use crate::vocab::{Agreement, ByOutput, NoiseFloor, NoiseSetting, OutputComparison, Real};

/// How many times its floor an output may move and still be roundoff: the floor is the largest of a handful of draws, and
/// another release draws once more.
pub(super) const FACTOR: f64 = 4.0;

/// The floors of the outputs that moved, by name. Without the answer in which nothing was changed there are none, and
/// what moves in that one is random.
pub(super) fn floors(artifact: &ArtifactFacts) -> BTreeMap<&str, NoiseFloor> {
    let Some(control) = artifact.noise.get(&NoiseSetting::Unchanged) else { return BTreeMap::new() };
    if !artifact.is_in_question() {
        return BTreeMap::new();
    }
    let steady = control.outputs.iter().filter(|(_, it)| it.agreement == Agreement::BitEqual);
    let floor = |(name, _): (&'_ String, &OutputComparison)| {
        let varied = artifact.noise.iter().filter(|(setting, _)| **setting != NoiseSetting::Unchanged);
        let moved = varied.filter_map(|(setting, it)| Some((*setting, it.outputs.get(name)?)));
        floor(moved)
    };
    steady.filter_map(|entry| Some((entry.0.as_str(), floor(entry)?))).collect()
}

/// The floor of one output from how it moved in each setting; `None` where nowhere.
fn floor<'a>(moved: impl Iterator<Item = (NoiseSetting, &'a OutputComparison)>) -> Option<NoiseFloor> {
    let mut found: Option<NoiseFloor> = None;
    let mut settings = 0;
    let mut flipped = BTreeSet::new();
    for (setting, it) in moved.filter(|(_, it)| it.mismatch.is_none()) {
        settings += 1;
        flipped.extend(&it.flipped);
        if it.agreement == Agreement::BitEqual {
            continue;
        }
        let known = found.get_or_insert_with(|| NoiseFloor {
            setting,
            settings: 0,
            max_abs: Real(0.0),
            max_rel: Real(0.0),
            max_ulp: 0,
            flipped: Vec::new(),
        });
        let is_further = it.max_abs.0 > known.max_abs.0 || it.flipped.len() > known.flipped.len();
        if is_further {
            known.setting = setting;
            known.flipped.clone_from(&it.flipped);
        }
        known.max_abs = Real(known.max_abs.0.max(it.max_abs.0));
        known.max_rel = Real(known.max_rel.0.max(it.max_rel.0));
        known.max_ulp = known.max_ulp.max(it.max_ulp);
    }
    found.map(|floor| NoiseFloor { settings, flipped: flipped.into_iter().collect(), ..floor })
}

/// Whether an output that is outside tolerance moved by no more than [`FACTOR`] times its floor, absolutely and relative to
/// each element; of labels, whether each that flipped flips in its producer as well.
pub(super) fn covers(floor: &NoiseFloor, it: &OutputComparison) -> bool {
    if it.agreement != Agreement::Outside || it.mismatch.is_some() || it.nonfinite_differ > 0 {
        return false;
    }
    if it.flips > 0 {
        let is_whole = it.flipped.len() as u64 == it.hard_flips();
        return is_whole && it.flipped.iter().all(|place| floor.flipped.binary_search(place).is_ok());
    }
    let within = |moved: Real, floor: Real| moved.0 <= FACTOR * floor.0;
    // What differs in no number that was measured differs in something else than arithmetic.
    it.max_abs.0 > 0.0 && within(it.max_abs, floor.max_abs) && within(it.max_rel, floor.max_rel)
}

/// Comparisons as they are shown: with the floor of each output that is outside tolerance, where it was measured.
pub(super) fn with_floors(
    artifact: &ArtifactFacts,
    outputs: &ByOutput<OutputComparison>,
) -> ByOutput<OutputComparison> {
    let is_outside = |it: &OutputComparison| it.agreement == Agreement::Outside;
    if artifact.noise.is_empty() || !outputs.values().any(is_outside) {
        return outputs.clone();
    }
    let floors = floors(artifact);
    outputs.mapped(|name, it| match is_outside(&it) {
        true => OutputComparison { noise: floors.get(name).cloned().map(Box::new), ..it },
        false => it,
    })
}
