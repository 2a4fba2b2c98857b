//! What cells mean for a file that is to be rescued: whether it works as it is, whether a mended one is proven, and how a
//! rescue ends.

use crate::vocab::{
    Cause, CellRecord, ExitCode, MendOutcome, NoProof, NoReference, Outcome, Refused, RescueRecord,
    RescueResult, TranslateOutcome, Tried, Verdict, Verification,
};

/// What is to be done about a file after it was tried as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum FirstStep {
    /// Nothing: it gives what its producer gives, or nothing says otherwise.
    Nothing,
    /// It fails or differs: its states may be mended.
    Mend,
    /// Nothing can be done.
    Refuse(Refused),
}

/// What a cell says, for the record of a rescue.
pub fn tried(cell: &CellRecord) -> Tried {
    Tried {
        verdict: cell.verdict,
        cause: cell.cause.clone(),
        error: cell.error.clone(),
        rule: cell.rule.clone(),
        outputs: cell.outputs.clone(),
    }
}

/// What is to be done about a file that did this in the target.
pub fn first_step(tried: &Tried) -> FirstStep {
    match (tried.verdict, &tried.cause) {
        (_, Cause::Refused { says, .. } | Cause::NotAModel { says }) => {
            FirstStep::Refuse(Refused::NoArtifact { says: says.clone() })
        }
        (Verdict::EnvError | Verdict::NotTried, _) => FirstStep::Refuse(Refused::NotTried),
        (Verdict::Identical | Verdict::Roundoff | Verdict::Unverified, _) => FirstStep::Nothing,
        (
            Verdict::Drift
            | Verdict::PredictError
            | Verdict::LoadError
            | Verdict::Crash
            | Verdict::Timeout
            | Verdict::OutOfMemory
            | Verdict::Unsupported
            | Verdict::Absent,
            _,
        ) => FirstStep::Mend,
    }
}

/// What verifications come to together.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// At least one decided, and each that did agrees with the producer.
    Proven,
    /// None could decide.
    None(NoProof),
    /// One of them does not give what the producer gives.
    Contradicted,
}

/// What verifications come to: one that fails outweighs all others.
pub fn proof(verified: &[Verification]) -> Proof {
    if verified.iter().any(|one| fails(&one.tried)) {
        return Proof::Contradicted;
    }
    if verified.iter().any(|one| one.tried.verdict.works()) {
        return Proof::Proven;
    }
    Proof::None(verified.first().map_or(NoProof::NoInputs, |one| no_proof(&one.tried.cause)))
}

/// Whether a file that was verified does not work. What an environment did says nothing.
fn fails(tried: &Tried) -> bool {
    match tried.verdict {
        Verdict::Absent | Verdict::Unsupported => true,
        Verdict::Identical
        | Verdict::Roundoff
        | Verdict::EnvError
        | Verdict::NotTried
        | Verdict::Unverified => false,
        Verdict::Drift
        | Verdict::PredictError
        | Verdict::LoadError
        | Verdict::Crash
        | Verdict::Timeout
        | Verdict::OutOfMemory => true,
    }
}

/// Why a cell decides nothing.
fn no_proof(cause: &Cause) -> NoProof {
    match cause {
        Cause::NoReference { why: NoReference::UnknownProducer } => NoProof::ProducerUnknown,
        Cause::NoReference { why: NoReference::ProducerNotMade { .. } } => NoProof::ProducerNotMade,
        Cause::NoReference { why: NoReference::ProducerFails { outcome, .. } }
            if matches!(**outcome, Outcome::Unfit { .. }) =>
        {
            NoProof::NoInputs
        }
        Cause::NoReference {
            why: NoReference::ProducerFails { .. } | NoReference::ProducerSilent { .. },
        } => NoProof::ProducerFails,
        Cause::LoadOnly | Cause::InputsDoNotFit { .. } => NoProof::NoInputs,
        Cause::Random { .. } => NoProof::Random,
        Cause::None
        | Cause::RuledOut { .. }
        | Cause::Inapplicable { .. }
        | Cause::ClassAbsent { .. }
        | Cause::NotAModel { .. }
        | Cause::ExpectedMistyped { .. }
        | Cause::Differs
        | Cause::Refused { .. }
        | Cause::Raised { .. }
        | Cause::Signal { .. }
        | Cause::Exited { .. }
        | Cause::Limit { .. }
        | Cause::Environment { .. } => NoProof::ProducerFails,
    }
}

/// How a rescue ends. `left_out` says whether something was named that is no artifact.
pub fn rescue_exit_code<'a>(records: impl IntoIterator<Item = &'a RescueRecord>, left_out: bool) -> ExitCode {
    let codes = records.into_iter().map(|record| match &record.result {
        RescueResult::Rescued { .. } => ExitCode::Done,
        RescueResult::Refused { why } => code(why),
    });
    let codes: Vec<ExitCode> = codes.chain(left_out.then_some(ExitCode::InvalidInput)).collect();
    let worst = [
        ExitCode::Interrupted,
        ExitCode::Judged,
        ExitCode::CannotWrite,
        ExitCode::InvalidInput,
        ExitCode::CouldNotJudge,
    ];
    worst.into_iter().find(|code| codes.contains(code)).unwrap_or(ExitCode::Done)
}

fn code(why: &Refused) -> ExitCode {
    match why {
        // What is not installed says nothing about the file.
        Refused::NotMended { outcome: MendOutcome::NotInstalled { .. } } => ExitCode::CouldNotJudge,
        Refused::NotMended { outcome: MendOutcome::Raised { error } } if error.importing.is_some() => {
            ExitCode::CouldNotJudge
        }
        Refused::NotMended { .. } | Refused::NotVerified | Refused::NotPacked { .. } => ExitCode::Judged,
        Refused::NotTranslated { outcome } => match outcome {
            TranslateOutcome::NotInstalled { .. } | TranslateOutcome::NotMade { .. } => {
                ExitCode::CouldNotJudge
            }
            TranslateOutcome::Written { .. }
            | TranslateOutcome::Raised { .. }
            | TranslateOutcome::Inapplicable { .. }
            | TranslateOutcome::Ended { .. } => ExitCode::Judged,
        },
        Refused::Unproven { .. } | Refused::NotTried => ExitCode::CouldNotJudge,
        Refused::Interrupted => ExitCode::Interrupted,
        Refused::NoArtifact { .. } => ExitCode::InvalidInput,
        Refused::Exists { .. } => ExitCode::CannotWrite,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::{InputsOrigin, RESCUE_VERSION, RescueEnvironment, RescueFile, Way};

    fn tried(verdict: Verdict, cause: Cause) -> Tried {
        Tried { verdict, cause, error: None, rule: None, outputs: Default::default() }
    }

    fn verification(verdict: Verdict, cause: Cause) -> Verification {
        Verification {
            origin: InputsOrigin::Given,
            from: String::new(),
            rows: 1,
            tried: tried(verdict, cause),
        }
    }

    fn no_reference() -> Cause {
        Cause::NoReference { why: NoReference::UnknownProducer }
    }

    #[test]
    fn one_contradiction_outweighs_all_proofs() {
        let works = verification(Verdict::Identical, Cause::None);
        let drifts = verification(Verdict::Drift, Cause::Differs);
        let silent = verification(Verdict::Unverified, no_reference());
        assert_eq!(proof(&[works.clone(), silent.clone()]), Proof::Proven);
        assert_eq!(proof(&[works, drifts]), Proof::Contradicted);
        assert_eq!(proof(&[silent]), Proof::None(NoProof::ProducerUnknown));
        assert_eq!(proof(&[]), Proof::None(NoProof::NoInputs), "what was not verified is not proven");
    }

    #[test]
    fn what_fails_or_differs_is_mended_and_an_environment_is_nobodys_fault() {
        let of = |verdict, cause| first_step(&tried(verdict, cause));
        for verdict in Verdict::FAILURES {
            assert_eq!(of(*verdict, Cause::Differs), FirstStep::Mend, "{verdict}");
        }
        assert_eq!(of(Verdict::Identical, Cause::None), FirstStep::Nothing);
        assert_eq!(of(Verdict::Unverified, no_reference()), FirstStep::Nothing);
        assert_eq!(of(Verdict::EnvError, Cause::None), FirstStep::Refuse(Refused::NotTried));
        let damaged = Cause::Refused { says: "cut off".to_owned(), foreign: None };
        let refused = of(Verdict::LoadError, damaged);
        assert!(matches!(refused, FirstStep::Refuse(Refused::NoArtifact { .. })), "{refused:?}");
    }

    fn record(result: RescueResult) -> RescueRecord {
        RescueRecord {
            format_version: RESCUE_VERSION,
            shelflife: String::new(),
            time: String::new(),
            result,
            original: RescueFile {
                path: String::new(),
                digest: crate::vocab::Digest::of(b""),
                size: 0,
                format: "pickle".into(),
            },
            rescued: None,
            producer: None,
            producer_fails: false,
            target: RescueEnvironment {
                name: "new".into(),
                python: String::new(),
                packages: Default::default(),
                lock: None,
            },
            before: None,
            changes: Vec::new(),
            keys: None,
            mends: Vec::new(),
            companions: Vec::new(),
            would_use: Vec::new(),
            translation: None,
            wrapping: None,
            verified: Vec::new(),
            probes: None,
            refuses_gaps: false,
            notes: Vec::new(),
        }
    }

    #[test]
    fn it_ends_with_the_worst_of_its_files() {
        let rescued = || record(RescueResult::Rescued { way: Way::Mended, unproven: None });
        let refused = |why| record(RescueResult::Refused { why });
        let code = |records: &[RescueRecord], left_out| rescue_exit_code(records, left_out);
        assert_eq!(code(&[rescued()], false), ExitCode::Done);
        assert_eq!(code(&[rescued(), refused(Refused::NotVerified)], true), ExitCode::Judged);
        assert_eq!(code(&[rescued()], true), ExitCode::InvalidInput);
        let unproven = refused(Refused::Unproven { why: NoProof::NoInputs });
        assert_eq!(code(&[rescued(), unproven], false), ExitCode::CouldNotJudge);
        let interrupted = [refused(Refused::NotVerified), rescued(), refused(Refused::Interrupted)];
        assert_eq!(code(&interrupted, true), ExitCode::Interrupted, "as a run that was interrupted");
    }
}
