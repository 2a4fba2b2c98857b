//! The verdict on one cell: one exhaustive decision over everything that can have happened.

use std::collections::BTreeMap;

use super::outside;
use super::stage::load_stage;
use crate::explain;
use crate::format;
use crate::state::{CellFacts, EnvironmentFacts};
use crate::vocab::{
    Agreement, ArtifactAbsence, ArtifactId, EnvName, ErrorFact, Mismatch, Observation, Outcome,
    OutputComparison, Phase, Stage, Verdict,
};

/// What is said of things that a killed run did not get to.
pub(super) const NOT_REACHED: &str = "the run ended before it got here; the same command goes on";

/// A verdict with its stage and, where no exception says it, its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// The verdict.
    pub verdict: Verdict,
    /// Where it was decided.
    pub stage: Stage,
    /// In words.
    pub reason: Option<String>,
}

impl Opinion {
    fn environment(reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::EnvError, stage: Stage::Env, reason: Some(reason.into()) }
    }

    fn unsupported(reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unsupported, stage: Stage::Env, reason: Some(reason.into()) }
    }

    fn at(verdict: Verdict, stage: Stage) -> Self {
        Self { verdict, stage, reason: None }
    }
}

/// Judges one cell. Trouble of environments comes first, since it is never the artifact's; then what the cell
/// itself did; then how its outputs compare.
pub fn judge_cell(facts: &CellFacts<'_>) -> Opinion {
    let artifact = facts.artifact;
    match facts.producer {
        // A file exists without its maker; what else there is to compare with is asked below.
        EnvironmentFacts::Elsewhere => {}
        EnvironmentFacts::Failed { .. } | EnvironmentFacts::Unknown if artifact.file.is_some() => {}
        EnvironmentFacts::Failed { reason, absent: true, .. } => {
            return Opinion::unsupported(format!("{}: {reason}", artifact.id.producer));
        }
        EnvironmentFacts::Failed { reason, .. } => {
            return Opinion::environment(not_made(&artifact.id.producer, reason));
        }
        EnvironmentFacts::Unknown => return Opinion::environment(NOT_REACHED),
        EnvironmentFacts::Ready { .. } => {}
    }
    let lacks = match facts.consumer {
        EnvironmentFacts::Failed { reason, absent: true, .. } => {
            return Opinion::unsupported(format!("{}: {reason}", facts.consumer_name));
        }
        EnvironmentFacts::Failed { reason, .. } => {
            return Opinion::environment(not_made(facts.consumer_name, reason));
        }
        EnvironmentFacts::Unknown | EnvironmentFacts::Elsewhere => {
            return Opinion::environment(NOT_REACHED);
        }
        EnvironmentFacts::Ready { lacks, .. } => lacks.get(&artifact.id.model),
    };
    match &artifact.absence {
        Some(absence @ (ArtifactAbsence::Unsupported { .. } | ArtifactAbsence::SaveFailed { .. })) => {
            return Opinion::unsupported(absence_reason(&artifact.id, absence));
        }
        Some(
            absence @ (ArtifactAbsence::TrainFailed { .. }
            | ArtifactAbsence::Unequipped { .. }
            | ArtifactAbsence::Died { .. }),
        ) => {
            return Opinion::environment(absence_reason(&artifact.id, absence));
        }
        Some(absence @ ArtifactAbsence::Refused { .. }) => {
            return Opinion {
                verdict: Verdict::LoadError,
                stage: Stage::Read,
                reason: Some(absence_reason(&artifact.id, absence)),
            };
        }
        None => {}
    }
    if let Some(reason) = facts.cell.lost {
        return Opinion::environment(reason);
    }
    let Some(observation) = facts.cell.observation else { return Opinion::environment(NOT_REACHED) };
    if let Some(opinion) =
        artifact.file.as_deref().and_then(|file| outside::opinion(facts, file, observation))
    {
        return opinion;
    }
    let opinion = match &observation.outcome {
        Outcome::Predicted { .. } => {
            match (artifact.reference().map(reference_outcome), facts.cell.outputs) {
                (None, _) => Opinion::environment(NOT_REACHED),
                (Some(Err(reason)), _) => Opinion::environment(format!(
                    "no reference to compare with: {} {reason} with its own artifact",
                    artifact.id.producer
                )),
                (Some(Ok(())), None) => Opinion::environment("its outputs were not compared"),
                (Some(Ok(())), Some(outputs)) => match outside::random(artifact, outputs) {
                    Some(reason) => {
                        Opinion { verdict: Verdict::Unsupported, stage: Stage::Value, reason: Some(reason) }
                    }
                    None => outside::remarked(artifact, judge_values(outputs)),
                },
            }
        }
        Outcome::Raised { phase, error, .. } => {
            match (judge_exception(*phase, error), alignment_pad(facts)) {
                // What an older joblib makes of the pad is a matter of chance: `KeyError`, `EOFError`, `TypeError`, ...
                // Chance does not say what a known cause says.
                (opinion, Some(reason))
                    if (opinion.stage == Stage::State || opinion.stage == Stage::Read)
                        && !explain::is_known(opinion.verdict, opinion.stage, &error.to_string()) =>
                {
                    Opinion { verdict: Verdict::LoadError, stage: Stage::Read, reason: Some(reason) }
                }
                (opinion, _) => opinion,
            }
        }
        Outcome::Inapplicable { reason } => Opinion::unsupported(reason),
        Outcome::Unequipped { reason } => {
            Opinion::environment(format!("{} in {}: {reason}", artifact.id.format, facts.consumer_name))
        }
        Outcome::Signalled { phase, signal } => Opinion {
            verdict: Verdict::Crash,
            stage: stage_of(*phase),
            reason: Some(format!("died of {}{}", signal_name(*signal), printed(observation))),
        },
        Outcome::Exited { phase, status } => Opinion {
            verdict: Verdict::Crash,
            stage: stage_of(*phase),
            reason: Some(format!("ended its process with status {status}{}", printed(observation))),
        },
        Outcome::TimedOut { phase, limit_seconds } => Opinion {
            verdict: Verdict::Timeout,
            stage: stage_of(*phase),
            reason: Some(format!("did not end within {limit_seconds} s")),
        },
        Outcome::OutOfMemory { phase, limit_bytes } => Opinion {
            verdict: Verdict::OutOfMemory,
            stage: stage_of(*phase),
            reason: Some(format!("needed more than {} MiB", limit_bytes >> 20)),
        },
    };
    match lacks {
        // Where the class itself does not exist, failing to find it is not a finding about the artifact.
        Some(reason) if opinion.verdict == Verdict::LoadError && opinion.stage == Stage::Resolve => {
            Opinion::unsupported(reason)
        }
        _ => opinion,
    }
}

/// Why an artifact does not exist, in words.
pub(super) fn absence_reason(id: &ArtifactId, absence: &ArtifactAbsence) -> String {
    match absence {
        ArtifactAbsence::Unsupported { reason } => reason.clone(),
        ArtifactAbsence::TrainFailed { error } => {
            format!("training failed in {}: {}", id.producer, brief(error))
        }
        ArtifactAbsence::Unequipped { reason } => format!("{} in {}: {reason}", id.format, id.producer),
        ArtifactAbsence::SaveFailed { error } => {
            format!("{} cannot hold this model: {}", id.format, brief(error))
        }
        ArtifactAbsence::Refused { reason } => reason.clone(),
        ArtifactAbsence::Died { reason } => format!("training failed in {}: {reason}", id.producer),
    }
}

pub(super) fn brief(error: &ErrorFact) -> String {
    first_line(&error.to_string()).to_owned()
}

/// The same words wherever an environment is missing, so that it is one finding. A first line that only announces
/// something is followed by the last one: installers and interpreters say there what it came to.
pub(super) fn not_made(name: &EnvName, reason: &str) -> String {
    let first = first_line(reason);
    let last = reason.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let last = ["cause: ", "error: "].iter().find_map(|mark| last.strip_prefix(mark)).unwrap_or(last);
    if first.ends_with(':') && !first.ends_with(last) {
        format!("{name} could not be made: {first} {last}")
    } else {
        format!("{name} could not be made: {}", first.trim_end_matches(':'))
    }
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim()
}

fn printed(observation: &Observation) -> String {
    match observation.printed.as_deref().and_then(|text| text.trim().lines().last()) {
        Some(line) => format!(", after printing: {}", line.trim()),
        None => String::new(),
    }
}

/// `Err` says what the producer did instead of predicting.
pub(super) fn reference_outcome(reference: &Observation) -> Result<(), String> {
    match &reference.outcome {
        Outcome::Predicted { .. } => Ok(()),
        Outcome::Raised { error, .. } => Err(format!("raised {}", brief(error))),
        Outcome::Inapplicable { reason } | Outcome::Unequipped { reason } => Err(format!("said: {reason}")),
        Outcome::Signalled { signal, .. } => Err(format!("died of {}", signal_name(*signal))),
        Outcome::Exited { status, .. } => Err(format!("ended with status {status}")),
        Outcome::TimedOut { .. } => Err("ran into the time limit".to_owned()),
        Outcome::OutOfMemory { .. } => Err("ran into the memory limit".to_owned()),
    }
}

fn judge_exception(phase: Phase, error: &ErrorFact) -> Opinion {
    // Under a memory limit the allocator refuses before the limit's watcher acts.
    if error.class == "MemoryError" || error.bases.iter().any(|base| base == "MemoryError") {
        return Opinion::at(Verdict::OutOfMemory, stage_of(phase));
    }
    match phase {
        Phase::Load => Opinion::at(Verdict::LoadError, load_stage(error)),
        Phase::Predict => Opinion::at(Verdict::PredictError, Stage::Predict),
    }
}

/// joblib 1.2 and later pad arrays to an alignment that older ones do not know, so that these misread every file with
/// arrays. Says so where a file crosses that boundary.
fn alignment_pad(facts: &CellFacts<'_>) -> Option<String> {
    let is_joblib = facts.format.map_or_else(
        // Records of older versions do not describe their formats.
        || format::find(facts.artifact.id.format.as_str()).is_some_and(|row| row.handler == "joblib"),
        |format| format.handler == "joblib",
    );
    let joblib = |environment: &EnvironmentFacts| match environment {
        EnvironmentFacts::Ready { lock, .. } => lock.packages.get("joblib").cloned(),
        EnvironmentFacts::Failed { .. } | EnvironmentFacts::Unknown | EnvironmentFacts::Elsewhere => None,
    };
    let (written, read) = (joblib(facts.producer)?, joblib(facts.consumer)?);
    let crosses = !before_padding(&written)? && before_padding(&read)?;
    (is_joblib && crosses).then(|| {
        format!(
            "joblib {read} misreads the aligned arrays of joblib {written}: install joblib 1.2 or later there"
        )
    })
}

/// Whether a version of joblib is older than 1.2.
fn before_padding(version: &str) -> Option<bool> {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    Some((numbers.next()??, numbers.next()??) < (1, 2))
}

fn judge_values(outputs: &BTreeMap<String, OutputComparison>) -> Opinion {
    if outputs.is_empty() {
        return Opinion::environment("there was no output to compare");
    }
    let mut verdict = Verdict::Identical;
    for (name, comparison) in outputs {
        match comparison.agreement {
            Agreement::BitEqual => {}
            Agreement::Within => {
                if verdict == Verdict::Identical {
                    verdict = Verdict::Roundoff;
                }
            }
            Agreement::Outside => verdict = Verdict::Drift,
            Agreement::Mismatched => match &comparison.mismatch {
                Some(Mismatch::Damaged { what }) => {
                    return Opinion::environment(format!("the recorded output {name} is damaged: {what}"));
                }
                Some(Mismatch::Missing | Mismatch::Shape { .. } | Mismatch::Type { .. }) | None => {
                    verdict = Verdict::Drift;
                }
            },
        }
    }
    Opinion::at(verdict, Stage::Value)
}

fn stage_of(phase: Phase) -> Stage {
    match phase {
        Phase::Load => Stage::Load,
        Phase::Predict => Stage::Predict,
    }
}

/// Names of the signals that end processes, on every Linux architecture that shelflife runs on.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    format!("{name} (signal {signal})")
}
