//! What was said of cells before they were tried.

use super::*;

#[test]
fn what_was_said_of_another_release_than_the_reader_has_is_held_against_nothing() {
    let foretold = |declared: &str, release: &str| {
        let Event::RunStarted(mut started) = header(Vec::new()) else { unreachable!("it is one") };
        let packages = [("scikit-learn".to_owned(), declared.to_owned())];
        started.plan.environments[1].packages = packages.into();
        let mut state = RunState::new(*started);
        let said = Event::CellForetold {
            artifact: artifact("old"),
            consumer: "new".into(),
            release: release.to_owned(),
            forecast: Forecast {
                expected: Expected::Breaks,
                stage: None,
                causes: Vec::new(),
                because: Vec::new(),
            },
        };
        let events =
            [said, ready("old", lock("1.8.0", "1.5.3"), &[]), ready("new", lock("1.10.0", "1.5.3"), &[])];
        events.into_iter().chain(working()).for_each(|event| state.apply(event));
        let record = judge(&state, &JudgeOptions::default());
        cell(&record).forecast.is_some()
    };
    assert!(foretold("latest", "scikit-learn 1.10.0"));
    assert!(!foretold("latest", "scikit-learn 1.10.1"));
    assert!(!foretold("pre", "scikit-learn 1.11.0rc1"));
    // A checkout says its version in its own way, and is what was read.
    assert!(foretold("./scikit-learn", "scikit-learn 1.11.dev0"));
}
