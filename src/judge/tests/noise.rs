//! The noise floor turns drift into roundoff, and nothing else into anything.

use super::super::noise::FACTOR;
use super::*;
use crate::vocab::NoiseSetting;

/// An output that moved.
fn moved(max_abs: f64, max_rel: f64) -> OutputComparison {
    let Event::CellCompared { outputs, .. } = compared("old", "new", Agreement::Outside) else {
        unreachable!("`compared` compares")
    };
    let outside = outputs.values().next().expect("one output").clone();
    OutputComparison { max_abs: Real(max_abs), max_rel: Real(max_rel), outside: 1, ..outside }
}

fn flipped(places: &[u64], ties: u64) -> OutputComparison {
    let flips = places.len() as u64 + ties;
    let agreement = if places.is_empty() { Agreement::Within } else { Agreement::Outside };
    let (max_abs, max_rel, tie_flips) = (Real(0.0), Real(0.0), ties);
    let outside = places.len() as u64;
    let flipped = places.to_vec();
    OutputComparison { agreement, max_abs, max_rel, flips, tie_flips, flipped, outside, ..moved(0.0, 0.0) }
}

fn equal() -> OutputComparison {
    OutputComparison { agreement: Agreement::BitEqual, outside: 0, ..moved(0.0, 0.0) }
}

fn in_cell(outputs: &ByOutput<OutputComparison>) -> Event {
    let (artifact, outputs) = (artifact("old"), outputs.clone());
    Event::CellCompared { artifact, consumer: "new".into(), outputs }
}

fn varied(setting: NoiseSetting, outputs: &ByOutput<OutputComparison>) -> Event {
    let (artifact, outputs) = (artifact("old"), outputs.clone());
    Event::ReferenceVaried { artifact, setting, key: Digest::of(b"v"), outputs, reused: false }
}

fn one(output: OutputComparison) -> ByOutput<OutputComparison> {
    [("score_samples".to_owned(), output)].into()
}

/// The verdict on an output whose producer moved like this in two settings, and in the one without a change.
fn verdict(it: OutputComparison, control: OutputComparison, floors: [OutputComparison; 2]) -> Verdict {
    let [first, second] = floors;
    opinion(vec![
        observed("old", "new", predicted()),
        in_cell(&one(it)),
        varied(NoiseSetting::Unchanged, &one(control)),
        varied(NoiseSetting::Nehalem, &one(first)),
        varied(NoiseSetting::Haswell, &one(second)),
    ])
    .0
}

#[test]
fn what_moves_as_much_in_its_own_producer_is_roundoff() {
    let floors = || [moved(1e-3, 0.5), moved(1e-2, 0.1)];
    assert_eq!(verdict(moved(1e-2, 0.5), equal(), floors()), Verdict::Roundoff);
    assert_eq!(verdict(moved(FACTOR * 1e-2, FACTOR * 0.5), equal(), floors()), Verdict::Roundoff);
    assert_eq!(verdict(moved(FACTOR * 1.1e-2, 0.5), equal(), floors()), Verdict::Drift);
    // A small element that moves far is no noise because a large one may.
    assert_eq!(verdict(moved(1e-2, FACTOR * 0.6), equal(), floors()), Verdict::Drift);
    // Settings that change nothing give no floor.
    assert_eq!(verdict(moved(1e-9, 1e-9), equal(), [equal(), equal()]), Verdict::Drift);
    // What moves without a change is random.
    assert_eq!(verdict(moved(1e-9, 1e-9), moved(1e-3, 0.5), floors()), Verdict::Drift);
}

#[test]
fn labels_flip_by_noise_where_the_same_ones_do() {
    let floors = || [flipped(&[3, 7], 1), flipped(&[12], 0)];
    assert_eq!(verdict(flipped(&[7, 12], 2), equal(), floors()), Verdict::Roundoff);
    assert_eq!(verdict(flipped(&[7, 8], 0), equal(), floors()), Verdict::Drift);
    // Where not every place is recorded, nobody knows.
    let more = OutputComparison { flips: 5, ..flipped(&[3, 7], 0) };
    assert_eq!(verdict(more, equal(), floors()), Verdict::Drift);
    assert_eq!(verdict(flipped(&[3], 0), equal(), [moved(1e9, 1e9), equal()]), Verdict::Drift);
}

#[test]
fn the_floor_is_shown_whatever_it_decides() {
    for (size, verdict) in [(1e-3, Verdict::Roundoff), (1.0, Verdict::Drift)] {
        let record = judged(vec![
            observed("old", "new", predicted()),
            in_cell(&one(moved(size, 1e-3))),
            varied(NoiseSetting::Unchanged, &one(equal())),
            varied(NoiseSetting::Nehalem, &one(moved(1e-3, 1e-3))),
            varied(NoiseSetting::TwoThreads, &one(equal())),
        ]);
        let cell = cell(&record);
        let floor = cell.outputs["score_samples"].noise.as_deref().expect("it was measured");
        assert_eq!((floor.setting, floor.settings, floor.max_abs), (NoiseSetting::Nehalem, 2, Real(1e-3)));
        assert_eq!((cell.verdict, cell.is_noise()), (verdict, verdict == Verdict::Roundoff));
        let kinds: Vec<FindingKind> = record.findings.iter().map(|finding| finding.kind).collect();
        let kind = if cell.is_noise() { FindingKind::Noise } else { FindingKind::Drift };
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

#[test]
fn a_declared_drift_is_not_wrong_where_this_machine_finds_noise() {
    let events = || {
        mostly_working(vec![
            observed("old", "new", predicted()),
            in_cell(&one(moved(1e-3, 1e-3))),
            varied(NoiseSetting::Unchanged, &one(equal())),
            varied(NoiseSetting::Nehalem, &one(moved(1e-3, 1e-3))),
        ])
    };
    let record = judged_by(vec![expectation(Verdict::Drift)], events(), &JudgeOptions::default());
    assert_eq!((cell(&record).verdict, cell(&record).status), (Verdict::Roundoff, Some(Status::Known)));
    let record = judged_by(vec![expectation(Verdict::LoadError)], events(), &JudgeOptions::default());
    assert_eq!(cell(&record).status, Some(Status::Fixed));
}

fn sizes() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.0, 1e-12, 1e-3, 4e-3, 5e-3, 1.0, f64::INFINITY])
}

fn comparisons() -> impl Strategy<Value = OutputComparison> {
    let places = prop::collection::btree_set(0u64..4, 0..3);
    (0..6, sizes(), sizes(), places, 0u64..2).prop_map(|(kind, abs, rel, places, more)| match kind {
        0 => equal(),
        1 => OutputComparison { agreement: Agreement::Within, outside: 0, ..moved(abs, rel) },
        2 => moved(abs, rel),
        3 => OutputComparison { nonfinite_differ: more, ..moved(abs, rel) },
        4 => flipped(&places.into_iter().collect::<Vec<_>>(), more),
        _ => OutputComparison {
            agreement: Agreement::Mismatched,
            mismatch: Some(Mismatch::Missing),
            ..moved(abs, rel)
        },
    })
}

fn several() -> impl Strategy<Value = ByOutput<OutputComparison>> {
    let names = prop::sample::select(vec!["predict", "predict_proba"]);
    prop::collection::btree_map(names.prop_map(str::to_owned), comparisons(), 1..3).prop_map(ByOutput::from)
}

proptest! {
    #[test]
    fn the_floor_only_ever_turns_drift_into_roundoff(
        outputs in several(),
        measured in prop::collection::vec((prop::sample::select(NoiseSetting::ALL), several()), 0..5),
    ) {
        let own = vec![observed("old", "new", predicted()), in_cell(&outputs)];
        let before = opinion(own.clone()).0;
        let events = own.into_iter().chain(measured.iter().map(|(setting, it)| varied(*setting, it)));
        let record = judged(events.collect());
        let now = cell(&record);
        if now.verdict == before {
            return Ok(());
        }
        prop_assert_eq!((before, now.verdict), (Verdict::Drift, Verdict::Roundoff));
        prop_assert!(now.is_noise());
        for (name, it) in outputs.iter().filter(|(_, it)| it.agreement == Agreement::Outside) {
            prop_assert!(it.mismatch.is_none() && it.nonfinite_differ == 0);
            prop_assert!(now.outputs[name].noise.is_some(), "a floor that decides is shown");
            let of = |setting: &NoiseSetting| {
                // Of two events about one thing, the later one counts.
                measured.iter().rev().find(|(known, _)| known == setting).and_then(|(_, it)| it.get(name))
            };
            prop_assert_eq!(of(&NoiseSetting::Unchanged).map(|it| it.agreement), Some(Agreement::BitEqual));
            let floors: Vec<&OutputComparison> = NoiseSetting::ALL.iter().filter_map(of).collect();
            let abs = floors.iter().map(|it| it.max_abs.0).fold(0.0, f64::max);
            let rel = floors.iter().map(|it| it.max_rel.0).fold(0.0, f64::max);
            prop_assert!(it.max_abs.0 <= FACTOR * abs && it.max_rel.0 <= FACTOR * rel);
            let is_flipped = |place: &u64| floors.iter().any(|it| it.flipped.contains(place));
            prop_assert!(it.flipped.len() as u64 == it.hard_flips() && it.flipped.iter().all(is_flipped));
        }
    }
}
