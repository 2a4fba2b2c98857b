//! Wherever a run is ended, what it did not get to is not tried, and no trouble of an environment.

use super::super::fixture::{Asked, Play, Scripted, Trial, external, matrix, words};
use crate::judge::{JudgeOptions, judge};
use crate::matrix::Matrix;
use crate::state::RunState;
use crate::vocab::{Event, FindingKind, Status, Verdict};

/// What a whole run records.
fn recorded(matrix: impl FnOnce(&std::path::Path) -> Matrix, script: &Scripted) -> Vec<Event> {
    let mut trial = Trial::of(super::matrix());
    trial.matrix = matrix(trial.folder.path());
    trial.play(script).events
}

fn scripts() -> Vec<Scripted> {
    let well = Scripted::new(|_, _, _| Play::Well);
    let unmade = Scripted::new(|who, what, _| match (who, what) {
        ("sk2", Asked::Prepare) => Play::Dies,
        _ => Play::Well,
    });
    let unfit = Scripted::new(|who, what, _| match (who, what) {
        ("sk1", Asked::Train) => Play::Raises,
        _ => Play::Well,
    });
    let differs = Scripted::new(|who, what, before| match (who, what) {
        ("sk2", Asked::Load { .. }) if before % 2 == 0 => Play::Gives(2.0),
        ("sk2", Asked::Load { .. }) => Play::Raises,
        _ => Play::Well,
    });
    vec![well, unmade, unfit, differs]
}

#[test]
fn a_run_that_is_ended_anywhere_says_of_the_rest_that_it_was_not_tried() {
    let runs = scripts()
        .into_iter()
        .flat_map(|script| [recorded(|_| matrix(), &script), recorded(external, &script)]);
    for events in runs {
        let whole = words(&RunState::replay(events.clone()).unwrap());
        for end in 1..events.len() {
            let mut cut = events[..end].to_vec();
            if end % 2 == 0 {
                let (time, interrupted) = (String::new(), true);
                cut.push(Event::RunFinished { time, seconds: 0.0, executed: 0, reused: 0, interrupted });
            }
            let state = RunState::replay(cut).unwrap();
            for (cell, verdict) in words(&state) {
                assert!(
                    verdict == whole[&cell] || verdict == Verdict::NotTried || verdict.fails(),
                    "{cell} after {end} events: {verdict}, in the end {}",
                    whole[&cell]
                );
            }
            let options = JudgeOptions { fail_on: vec![Verdict::Drift], ..JudgeOptions::default() };
            let record = judge(&state, &options);
            let not_tried = |verdict| verdict == Verdict::NotTried;
            let left = record.cells.iter().filter(|cell| not_tried(cell.verdict));
            assert!(left.clone().all(|cell| cell.status == Some(Status::Unjudged) && cell.rule.is_none()));
            let counted = record.summary.verdicts.get(&Verdict::NotTried).copied().unwrap_or_default();
            assert_eq!(counted, left.count() as u64);
            let kinds = record.findings.iter().filter(|finding| not_tried(finding.verdict));
            assert!(
                kinds.clone().all(|finding| finding.kind == FindingKind::NotTried),
                "{:?}",
                record.findings
            );
        }
    }
}
