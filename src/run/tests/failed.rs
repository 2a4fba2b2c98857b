//! What could not be trained is tried again, until it has failed twice in the same way.

use super::super::fixture::{Asked, Play, Scripted, Trial};

#[test]
fn a_training_that_failed_is_tried_again_until_it_has_failed_twice_alike() {
    let fails = || {
        Scripted::new(|who, what, _| match (who, what) {
            ("sk1", Asked::Train) => Play::Raises,
            _ => Play::Well,
        })
    };
    let mut trial = Trial::of(super::matrix());
    let play = |trial: &mut Trial, script: Scripted| {
        let played = trial.play(&script);
        trial.recorded = played.events.clone();
        (script.count("sk1", "Train"), played.report.counts.known_failures)
    };
    assert_eq!(play(&mut trial, fails()), (1, 0));
    // Once may have been the machine's fault.
    assert_eq!(play(&mut trial, fails()), (1, 0));
    // The artifacts of both formats are not tried a third time.
    assert_eq!(play(&mut trial, fails()), (0, 2));
    trial.retry_failed = true;
    assert_eq!(play(&mut trial, fails()), (1, 0));
    // What was mended meanwhile is there, and stays.
    assert_eq!(play(&mut trial, Scripted::new(|_, _, _| Play::Well)), (1, 0));
    trial.retry_failed = false;
    assert_eq!(play(&mut trial, fails()), (0, 0));
}
