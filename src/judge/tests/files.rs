//! Trouble of environments is never the file's.

use super::*;

/// The trouble of a cell of a file that could not be loaded, where its producer did `reference` instead of predicting.
fn trouble_of_file(reference: Option<Outcome>, outcome: Outcome) -> Option<Trouble> {
    match cause_of_file(reference, outcome) {
        Cause::Environment { trouble } => Some(trouble),
        _ => None,
    }
}

/// Why a cell of a file got no further.
fn cause_of_file(reference: Option<Outcome>, outcome: Outcome) -> Cause {
    let file = FilePlan {
        path: "a.pkl".to_owned(),
        producer: "old".into(),
        inputs: InputsKind::Given,
        inputs_from: String::new(),
        inputs_file: None,
        registered: None,
        runs_commands: false,
        inferred: Vec::new(),
        expected: false,
        expected_from: None,
        imports: [("xgboost".to_owned(), "xgboost".to_owned())].into(),
        own_modules: ["utils".to_owned()].into(),
        proved: Default::default(),
        modules_given: false,
        probes: None,
        notes: Vec::new(),
    };
    let Event::RunStarted(mut started) = header(Vec::new()) else { unreachable!("`header` starts a run") };
    started.plan.models[0].file = Some(file);
    let mut events = vec![Event::RunStarted(started)];
    events.extend([
        ready("old", lock("1.2.2", "1.3.2"), &[]),
        ready("new", lock("1.5.2", "1.3.2"), &[]),
        made("old"),
    ]);
    events.extend(reference.map(|outcome| Event::ReferenceTaken {
        artifact: artifact("old"),
        key: Digest::of(b"k"),
        observation: observation(outcome),
        reused: false,
    }));
    events.push(observed("old", "new", outcome));
    let record = judge(&RunState::replay(events).unwrap(), &JudgeOptions::default());
    let cell =
        record.cells.iter().find(|cell| cell.consumer.as_str() == "new" && cell.producer.as_str() == "old");
    cell.unwrap().cause.clone()
}

#[test]
fn what_no_inputs_can_mend_is_not_told_of_the_inputs() {
    let rows = [
        ("NameError", "name 'np' is not defined", Misfit::NameNotSaved),
        ("sklearn.exceptions.NotFittedError", "This Ridge instance is not fitted yet", Misfit::NotFitted),
        ("EOFError", "", Misfit::Unserved),
        ("OSError", "[Errno 2] No such file or directory: 'words.txt'", Misfit::Unserved),
        ("ValueError", "X has 3 features, but Ridge is expecting 4", Misfit::AlsoWhereMade),
    ];
    for (class, message, expected) in rows {
        let outcome = || raised(Phase::Predict, class, message);
        let cause = cause_of_file(Some(outcome()), outcome());
        assert!(
            matches!(cause, Cause::InputsDoNotFit { because, .. } if because == expected),
            "{class}: {cause:?}"
        );
    }
}

#[test]
fn what_environments_lack_is_never_the_files_fault() {
    let missing =
        |module: &str| raised(Phase::Load, "ModuleNotFoundError", &format!("No module named '{module}'"));
    let both = |module: &str| trouble_of_file(Some(missing(module)), missing(module));
    assert!(matches!(both("xgboost"), Some(Trouble::PackageMissing { package, .. }) if package == "xgboost"));
    assert!(matches!(both("utils"), Some(Trouble::ModuleMissing { module, .. }) if module == "utils"));
    assert!(
        matches!(both("xgboost.compat"), Some(Trouble::OtherRelease { module, .. }) if module == "xgboost.compat")
    );
    assert_eq!(both("sklearn.t"), None);
    // The move loses what its producer has; what a producer does for another reason says nothing about it.
    assert_eq!(trouble_of_file(Some(predicted()), missing("utils")), None);
    let other = raised(Phase::Load, "KeyError", "0");
    assert!(matches!(trouble_of_file(Some(other), missing("utils")), Some(Trouble::ModuleMissing { .. })));
    let Outcome::Raised { phase, method, error, outputs } = raised(
        Phase::Load,
        "OSError",
        "libgomp.so.1: cannot open shared object file: No such file or directory",
    ) else {
        unreachable!("`raised` gives `Raised`")
    };
    let importing = Some(ImportFact { module: "xgboost".to_owned(), lacks: None });
    let error = ErrorFact { importing, ..(*error).clone() }.into();
    let broken = Outcome::Raised { phase, method, error, outputs };
    let trouble = trouble_of_file(Some(predicted()), broken).unwrap();
    assert!(
        matches!(&trouble, Trouble::NotImportable { package, .. } if package == "xgboost"),
        "{trouble:?}"
    );
}

#[test]
fn environments_are_never_the_artifact() {
    let failed = |name: &str| Event::EnvironmentFailed {
        name: name.into(),
        reason: "no Python".to_owned(),
        remedy: Some("install it".to_owned()),
        absent: false,
        cause: None,
    };
    for name in ["old", "new"] {
        let events =
            vec![failed(name), observed("old", "new", Outcome::Signalled { phase: Phase::Load, signal: 6 })];
        assert_eq!(opinion(events), (Verdict::EnvError, Stage::Env));
    }
    let missing = |absence| Event::ArtifactMissing { artifact: artifact("old"), absence };
    let error = ErrorFact {
        class: "ValueError".to_owned(),
        message: "m".to_owned(),
        bases: Vec::new(),
        module: None,
        frames: Vec::new(),
        importing: None,
    };
    let rows = [
        (ArtifactAbsence::RuledOut { requirement: "r".to_owned() }, Verdict::Unsupported),
        (ArtifactAbsence::ClassAbsent { reason: "r".to_owned() }, Verdict::Absent),
        (ArtifactAbsence::NoOutput, Verdict::Unsupported),
        (ArtifactAbsence::Unsupported { reason: "r".to_owned() }, Verdict::Unsupported),
        (ArtifactAbsence::SaveFailed { error: error.clone() }, Verdict::Unsupported),
        (ArtifactAbsence::TrainFailed { error }, Verdict::EnvError),
        (ArtifactAbsence::Died { reason: "r".to_owned() }, Verdict::EnvError),
        (ArtifactAbsence::Disturbed { by: killed() }, Verdict::EnvError),
    ];
    for (absence, expected) in rows {
        assert_eq!(opinion(vec![missing(absence)]).0, expected);
    }
    let lost = Event::CellLost { artifact: artifact("old"), consumer: "new".into(), reason: "r".to_owned() };
    assert_eq!(opinion(vec![lost]).0, Verdict::EnvError);
}
