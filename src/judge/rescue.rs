//! What cells mean for a file that is to be rescued: whether it works as it is, whether a mended one is proven, and how a
//! rescue ends.

use crate::vocab::{
    Cause, CellRecord, ExitCode, NoProof, NoReference, Refused, RescueRecord, RescueResult, Tried, Verdict,
    Verification,
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
        (Verdict::EnvError, _) => FirstStep::Refuse(Refused::NotTried),
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
        Verdict::Identical | Verdict::Roundoff | Verdict::EnvError | Verdict::Unverified => false,
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
        Cause::NoReference { why: NoReference::ProducerFails { .. } | NoReference::ProducerSilent { .. } } => {
            NoProof::ProducerFails
        }
        Cause::LoadOnly | Cause::InputsDoNotFit { .. } => NoProof::NoInputs,
        Cause::Random { .. } => NoProof::Random,
        Cause::None
        | Cause::RuledOut { .. }
        | Cause::Inapplicable { .. }
        | Cause::ClassAbsent { .. }
        | Cause::NotAModel { .. }
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
pub fn rescue_exit_code<'a>(
    records: impl IntoIterator<Item = &'a RescueRecord>,
    left_out: bool,
) -> ExitCode {
    let codes = records.into_iter().map(|record| match &record.result {
        RescueResult::Rescued { .. } => ExitCode::Done,
        RescueResult::Refused { why } => code(why),
    });
    let codes: Vec<ExitCode> = codes.chain(left_out.then_some(ExitCode::InvalidInput)).collect();
    let worst = [ExitCode::Judged, ExitCode::CannotWrite, ExitCode::InvalidInput, ExitCode::CouldNotJudge];
    worst.into_iter().find(|code| codes.contains(code)).unwrap_or(ExitCode::Done)
}

fn code(why: &Refused) -> ExitCode {
    match why {
        Refused::NotMended { .. } | Refused::NotVerified | Refused::NotTranslated { .. } => ExitCode::Judged,
        Refused::Unproven { .. } | Refused::NotTried => ExitCode::CouldNotJudge,
        Refused::NoArtifact { .. } => ExitCode::InvalidInput,
        Refused::Exists { .. } => ExitCode::CannotWrite,
    }
}
