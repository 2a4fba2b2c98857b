//! Which releases read a file: what is to be expected of each that was tried, and the widest range of them around the one
//! that wrote it.

use std::collections::BTreeMap;

use super::evidence::evidence;
use super::forecast::SCIKIT_LEARN;
use super::symptom::Side;
use super::{forecast, names};
use crate::notation::Version;
use crate::vocab::{Expected, FileFacts, Forecast};

/// What else decides whether a file can be read, and is named by its own range.
const BESIDE: [&str; 2] = ["numpy", "python"];

/// What is to be expected of a file in one release of scikit-learn, with packages of its time.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The release.
    pub release: Version,
    /// What is to be expected there.
    pub forecast: Forecast,
}

/// A range of versions of one package, both ends included, and what lies next to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first version.
    pub lowest: Version,
    /// The last version.
    pub highest: Version,
    /// The next one below, where one was looked at.
    pub below: Option<Version>,
    /// The next one above, where one was looked at.
    pub above: Option<Version>,
}

/// What a file requires.
#[derive(Clone, Debug)]
pub struct Required {
    /// The versions of scikit-learn that it records.
    pub written: Vec<Version>,
    /// What is to be expected of every release that was looked at, in order.
    pub readings: Vec<Reading>,
    /// The ranges, by package; empty where no release is known to read it.
    pub spans: BTreeMap<String, Span>,
}

/// What a file requires on a machine of so many bits.
pub fn requires(file: &FileFacts, bits: u8) -> Required {
    let written = super::forecast::recorded(file);
    let sides = evidence().sides(bits);
    let readings: Vec<Reading> =
        names::all().iter().filter_map(|release| reading(file, bits, release, &sides)).collect();
    let mut spans = BTreeMap::new();
    let known = readings.iter().map(|reading| (reading.release.clone(), reading.forecast.expected));
    if let Some(span) = written.last().and_then(|anchor| around(anchor, &known.collect::<Vec<_>>())) {
        let in_range = |side: &&Side| {
            let release = side.versions.get(SCIKIT_LEARN);
            release.is_some_and(|release| *release >= span.lowest && *release <= span.highest)
        };
        let tried: Vec<(&Side, Expected)> =
            sides.iter().filter(in_range).map(|side| (side, forecast(file, side).expected)).collect();
        for package in BESIDE {
            if let Some(beside) = beside(&tried, written.last(), package) {
                spans.insert(package.to_owned(), beside);
            }
        }
        spans.insert(SCIKIT_LEARN.to_owned(), span);
    }
    Required { written, readings, spans }
}

/// The releases in which a file may be read, the likeliest first: those that it records, then what is nearest to them and
/// known to read it, then what nobody knows about. Where it records none, those that have everything that it names, from both
/// ends: releases before 0.18 recorded nothing, and what holds no estimator is read by any.
pub fn readers(file: &FileFacts) -> Vec<Version> {
    let required = requires(file, file.bits.unwrap_or(64));
    let may_read = |reading: &&Reading| reading.forecast.expected != Expected::Breaks;
    let open: Vec<&Reading> = required.readings.iter().filter(may_read).collect();
    let Some(anchor) = required.written.last() else {
        let is_old = file.protocol.is_some_and(|protocol| protocol <= 2)
            && file.globals.iter().any(|name| name.starts_with("sklearn."));
        let releases = open.iter().map(|reading| reading.release.clone());
        return from_both_ends(&if is_old { releases.collect() } else { releases.rev().collect::<Vec<_>>() });
    };
    let at = open.iter().position(|reading| reading.release >= *anchor).unwrap_or(open.len());
    let mut near: Vec<(bool, usize, &Version)> = open
        .iter()
        .enumerate()
        .map(|(index, reading)| {
            (reading.forecast.expected != Expected::Works, index.abs_diff(at), &reading.release)
        })
        .collect();
    near.sort_by_key(|(is_unknown, distance, _)| (*is_unknown, *distance));
    let mut releases: Vec<Version> = required.written.iter().rev().cloned().collect();
    for (_, _, release) in near {
        if !releases.contains(release) {
            releases.push(release.clone());
        }
    }
    releases
}

/// Every release that was looked at, the newest first.
pub fn newest_first() -> Vec<Version> {
    names::all().iter().rev().cloned().collect()
}

/// The first, the last, the one between them, those between these, and so on.
fn from_both_ends(releases: &[Version]) -> Vec<Version> {
    let mut order: Vec<usize> = Vec::new();
    let mut step = releases.len().saturating_sub(1);
    while step > 0 && order.len() < releases.len() {
        let next: Vec<usize> = (0..releases.len())
            .step_by(step)
            .chain([releases.len() - 1])
            .filter(|at| !order.contains(at))
            .collect();
        for at in next {
            if !order.contains(&at) {
                order.push(at);
            }
        }
        step /= 2;
    }
    for at in 0..releases.len() {
        if !order.contains(&at) {
            order.push(at);
        }
    }
    order.into_iter().map(|at| releases[at].clone()).collect()
}

/// What is to be expected in a release: that it works, where it does beside any packages with which it was tried, else what
/// the likeliest of them say.
fn reading(file: &FileFacts, bits: u8, release: &Version, sides: &[Side]) -> Option<Reading> {
    let of_minor = sides
        .iter()
        .filter(|side| side.versions.get(SCIKIT_LEARN).is_some_and(|own| minor(own) == minor(release)));
    let like = evidence().like(&minor(release), bits)?.side();
    let mut forecasts = std::iter::once(&like).chain(of_minor).map(|side| {
        let mut side = side.clone();
        side.versions.insert(SCIKIT_LEARN.to_owned(), release.clone());
        forecast(file, &side)
    });
    let first = forecasts.next()?;
    let works = |forecast: &Forecast| forecast.expected == Expected::Works;
    let found = if works(&first) { None } else { forecasts.find(works) };
    Some(Reading { release: release.clone(), forecast: found.unwrap_or(first) })
}

/// The versions of another package with which releases of a range were tried: those that work, around the one that the
/// writer is likeliest to have had.
fn beside(tried: &[(&Side, Expected)], written: Option<&Version>, package: &str) -> Option<Span> {
    let mut known: BTreeMap<Version, Expected> = BTreeMap::new();
    let mut anchor = None;
    for (side, expected) in tried {
        let expected = *expected;
        let (Some(release), Some(version)) = (side.versions.get(SCIKIT_LEARN), side.versions.get(package))
        else {
            continue;
        };
        // Of an interpreter the minor release counts.
        let version = match package {
            "python" => Version::release(&[version.part(0), version.part(1)]),
            _ => version.clone(),
        };
        let entry = known.entry(version.clone()).or_insert(expected);
        *entry = worse(*entry, expected);
        let is_near = written.is_some_and(|written| minor(written) == minor(release));
        if expected == Expected::Works && (anchor.is_none() || is_near) {
            anchor = Some(version.clone());
        }
    }
    // What nobody has tried of it says nothing about its neighbours.
    let known: Vec<(Version, Expected)> =
        known.into_iter().filter(|(_, expected)| *expected != Expected::Unknown).collect();
    around(&anchor?, &known)
}

/// The worse of two expectations of the same version beside other packages; what is unknown takes nothing away.
const fn worse(one: Expected, other: Expected) -> Expected {
    match (one, other) {
        (Expected::Breaks, _) | (_, Expected::Breaks) => Expected::Breaks,
        (Expected::Drifts, _) | (_, Expected::Drifts) => Expected::Drifts,
        (Expected::Works, _) | (_, Expected::Works) => Expected::Works,
        (Expected::Risk, _) | (_, Expected::Risk) => Expected::Risk,
        (Expected::Unknown, Expected::Unknown) => Expected::Unknown,
    }
}

/// The widest range of neighbours that all work and hold a version, or another one of its minor release; `None` where that
/// one does not work.
fn around(anchor: &Version, known: &[(Version, Expected)]) -> Option<Span> {
    let works = |at: usize| known[at].1 == Expected::Works;
    let is_same = |(version, _): &(Version, Expected)| version == anchor;
    let is_minor = |(version, _): &(Version, Expected)| minor(version) == minor(anchor);
    let at = known.iter().position(is_same).or_else(|| known.iter().rposition(is_minor))?;
    if !works(at) {
        return None;
    }
    let first = (0..at).rev().take_while(|below| works(*below)).last().unwrap_or(at);
    let last = (at + 1..known.len()).take_while(|above| works(*above)).last().unwrap_or(at);
    let version = |at: usize| known[at].0.clone();
    Some(Span {
        lowest: version(first),
        highest: version(last),
        below: first.checked_sub(1).map(version),
        above: (last + 1 < known.len()).then(|| version(last + 1)),
    })
}

impl Span {
    /// As a specifier of a requirement: `>=1.3,<1.8`. What lies beyond everything that was looked at is left out, from the
    /// next minor release on.
    pub fn specifier(&self) -> String {
        let beyond = match &self.above {
            Some(above) if minor(above) == minor(&self.highest) => above.to_string(),
            Some(_) | None => format!("{}.{}", self.highest.part(0), self.highest.part(1) + 1),
        };
        format!(">={},<{beyond}", short(&self.lowest))
    }

    /// What lies in both; `None` where nothing does.
    pub fn and(&self, other: &Self) -> Option<Self> {
        let (low, high) = (
            if self.lowest >= other.lowest { self } else { other },
            if self.highest <= other.highest { self } else { other },
        );
        (low.lowest <= high.highest).then(|| Self {
            lowest: low.lowest.clone(),
            highest: high.highest.clone(),
            below: low.below.clone(),
            above: high.above.clone(),
        })
    }

    /// The last minor release in it.
    pub fn newest_minor(&self) -> String {
        minor(&self.highest)
    }
}

/// `1.3` of 1.3.0.
fn short(version: &Version) -> String {
    let text = version.to_string();
    match text.strip_suffix(".0") {
        Some(rest) if rest.contains('.') => rest.to_owned(),
        Some(_) | None => text,
    }
}

fn minor(version: &Version) -> String {
    format!("{}.{}", version.part(0), version.part(1))
}

/// Sides of tried environments.
impl super::Evidence {
    /// Every environment that was tried on machines of so many bits, without repetition.
    fn sides(&self, bits: u8) -> Vec<Side> {
        let mut sides: Vec<Side> = Vec::new();
        for environment in self.matrices.values().flat_map(|tried| &tried.environments) {
            if environment.bits == bits {
                let side = environment.side();
                if !sides.contains(&side) {
                    sides.push(side);
                }
            }
        }
        sides
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn span(lowest: &str, highest: &str, above: Option<&str>) -> Span {
        Span { lowest: version(lowest), highest: version(highest), below: None, above: above.map(version) }
    }

    #[test]
    fn a_range_is_written_as_a_specifier() {
        assert_eq!(span("1.3.0", "1.7.2", Some("1.8.0")).specifier(), ">=1.3,<1.8");
        assert_eq!(span("1.3.1", "1.3.1", Some("1.3.2")).specifier(), ">=1.3.1,<1.3.2");
        assert_eq!(span("1.0", "1.9.1", None).specifier(), ">=1.0,<1.10");
        assert_eq!(span("3.8.18", "3.12.1", None).specifier(), ">=3.8.18,<3.13");
    }

    #[test]
    fn what_may_be_anything_is_tried_from_both_ends() {
        let releases: Vec<Version> = (0..6).map(|minor| Version::release(&[1, minor])).collect();
        let order: Vec<String> = from_both_ends(&releases).iter().map(ToString::to_string).collect();
        assert_eq!(order, ["1.0", "1.5", "1.2", "1.4", "1.1", "1.3"]);
        assert_eq!(from_both_ends(&releases[..1]).len(), 1);
        assert!(from_both_ends(&[]).is_empty());
    }

    #[test]
    fn two_ranges_have_a_common_part_or_none() {
        let one = span("1.2.0", "1.4.2", Some("1.5.0"));
        let other = span("1.3.0", "1.7.2", None);
        assert_eq!(one.and(&other).unwrap().specifier(), ">=1.3,<1.5");
        assert_eq!(one.and(&span("1.5.0", "1.7.2", None)), None);
    }

    proptest! {
        #[test]
        fn every_version_of_a_range_works_and_its_neighbours_do_not(
            kinds in prop::collection::vec(0u8..4, 1..30), at in any::<prop::sample::Index>()
        ) {
            let expected = |kind: &u8| match kind {
                0 => Expected::Breaks,
                1 => Expected::Drifts,
                2 => Expected::Unknown,
                _ => Expected::Works,
            };
            let known: Vec<(Version, Expected)> = kinds
                .iter()
                .enumerate()
                .map(|(minor, kind)| (Version::release(&[1, minor as u64, 0]), expected(kind)))
                .collect();
            let anchor = known[at.index(known.len())].clone();
            let found = around(&anchor.0, &known);
            prop_assert_eq!(found.is_some(), anchor.1 == Expected::Works);
            let Some(span) = found else { return Ok(()) };
            for (version, expected) in &known {
                let is_in = *version >= span.lowest && *version <= span.highest;
                prop_assert!(!is_in || *expected == Expected::Works);
                let is_next = Some(version) == span.below.as_ref() || Some(version) == span.above.as_ref();
                prop_assert!(!is_next || *expected != Expected::Works);
            }
            prop_assert!(span.lowest <= anchor.0 && anchor.0 <= span.highest);
        }
    }
}
