//! How forecasts compare with what happened.

use crate::vocab::{CellRecord, Expected, Score, Standing};

/// Scores the forecasts of cells against their verdicts. Cells without a verdict of their own say nothing.
///
/// A rule that was named and not seen, because another one that was named too came first, was right: a file that breaks
/// for two reasons shows one.
pub fn score<'c>(cells: impl IntoIterator<Item = &'c CellRecord>) -> Score {
    let mut score = Score::default();
    for cell in cells {
        let Some(forecast) = &cell.forecast else { continue };
        match cell.cause.standing() {
            Standing::Works if cell.verdict.works() => {}
            Standing::Fails => {}
            Standing::Works | Standing::DoesNotApply | Standing::NoAnswer | Standing::BadInput => continue,
        }
        let is_bad = cell.verdict.fails();
        let is_forecast = matches!(forecast.expected, Expected::Breaks | Expected::Drifts);
        let seen = cell.rule.as_deref();
        // What is read out of a release, or rests on a name that is not there, names no rule: it is right where the file fails.
        let is_named = match forecast.causes.as_slice() {
            [] => is_forecast,
            causes => seen.is_some_and(|seen| causes.iter().any(|cause| cause == seen)),
        };
        let total = &mut score.total;
        total.forecast += u64::from(is_forecast);
        total.right += u64::from(is_forecast && is_bad && is_named);
        total.actual += u64::from(is_bad);
        total.found += u64::from(is_bad && is_named);
        match forecast.expected {
            Expected::Works => {
                score.works += 1;
                score.works_right += u64::from(!is_bad);
            }
            Expected::Risk => {
                score.risk += 1;
                score.risk_bad += u64::from(is_bad);
            }
            Expected::Unknown => {
                score.unknown += 1;
                score.unknown_bad += u64::from(is_bad);
            }
            Expected::Breaks | Expected::Drifts => {}
        }
        for cause in &forecast.causes {
            let rule = score.rules.entry(cause.clone()).or_default();
            rule.forecast += 1;
            rule.right += u64::from(is_bad && is_named);
        }
        if let Some(seen) = seen.filter(|_| is_bad) {
            let rule = score.rules.entry(seen.to_owned()).or_default();
            rule.actual += 1;
            rule.found += u64::from(is_named);
        }
    }
    score
}
