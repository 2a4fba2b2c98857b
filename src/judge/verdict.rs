//! The verdict on one cell: one exhaustive decision over everything that can have happened.

use std::collections::BTreeMap;

use super::stage::load_stage;
use super::{expectation, external, noise};
use crate::explain;
use crate::format;
use crate::state::{ArtifactFacts, CellFacts, EnvironmentFacts};
use crate::vocab::{
    Agreement, ArtifactAbsence, ByOutput, Cause, EnvName, ErrorFact, Inapplicable, Limit, Mismatch, Misread,
    NoiseFloor, Observation, Opinion, Outcome, OutputComparison, Phase, Reached, Stage, Trouble, Verdict,
};

/// Trouble of an environment: nothing was tried.
fn trouble(trouble: Trouble) -> Opinion {
    Opinion { reached: Reached::Nothing, cause: Cause::Environment { trouble }, stage: Stage::Env }
}

/// What does not apply there.
fn inapplicable(why: Inapplicable) -> Opinion {
    Opinion { reached: Reached::Nothing, cause: Cause::Inapplicable { why }, stage: Stage::Env }
}

/// What became of a cell that was handed to a reader.
fn at(phase: Phase, stage: Stage, cause: Cause) -> Opinion {
    Opinion { reached: reached_in(phase), cause, stage }
}

/// Judges one cell. Trouble of environments comes first, since it is never the artifact's; then what the cell
/// itself did; then how its outputs compare.
pub fn judge_cell(facts: &CellFacts<'_>) -> Opinion {
    let artifact = facts.artifact;
    if let Some(opinion) = of_producer(facts) {
        return opinion;
    }
    let absent_models = match facts.consumer {
        EnvironmentFacts::Failed { reason, absent, .. } => {
            return not_made(facts.consumer_name, reason, *absent);
        }
        EnvironmentFacts::Unknown | EnvironmentFacts::UnknownProducer => return trouble(Trouble::NotReached),
        EnvironmentFacts::Ready { absent_models, .. } => absent_models.get(&artifact.id.model),
    };
    if let Some(absence) = &artifact.absence {
        return of_absence(&artifact.id.producer, absence);
    }
    if let Some(says) = facts.cell.lost {
        let environment = facts.consumer_name.clone();
        return trouble(Trouble::Lost { environment, says: says.to_owned() });
    }
    let Some(observation) = facts.cell.observation else { return trouble(Trouble::NotReached) };
    let opinion = artifact
        .file
        .as_deref()
        .and_then(|file| external::opinion(facts, file, observation))
        .unwrap_or_else(|| of_observation(facts, observation));
    match absent_models {
        // Where the class itself does not exist, failing to find it is not a finding about the artifact.
        Some(says) if opinion.verdict() == Verdict::LoadError && opinion.stage == Stage::Resolve => Opinion {
            cause: Cause::ClassAbsent { environment: facts.consumer_name.clone(), says: says.clone() },
            stage: Stage::Env,
            ..opinion
        },
        _ => opinion,
    }
}

/// The opinion on what a producer has not made, because it is in trouble itself.
fn of_producer(facts: &CellFacts<'_>) -> Option<Opinion> {
    let name = &facts.artifact.id.producer;
    match facts.producer {
        // A file exists without its producer; what else there is to compare with is asked elsewhere.
        EnvironmentFacts::UnknownProducer | EnvironmentFacts::Ready { .. } => None,
        EnvironmentFacts::Failed { .. } | EnvironmentFacts::Unknown if facts.artifact.file.is_some() => None,
        EnvironmentFacts::Failed { reason, absent, .. } => Some(not_made(name, reason, *absent)),
        EnvironmentFacts::Unknown => Some(trouble(Trouble::NotReached)),
    }
}

fn not_made(environment: &EnvName, says: &str, is_absent: bool) -> Opinion {
    let (environment, says) = (environment.clone(), says.to_owned());
    if is_absent {
        inapplicable(Inapplicable::NotOnThisMachine { environment, says })
    } else {
        trouble(Trouble::NotMade { environment, says })
    }
}

/// Why an artifact that was not made has no verdict of its own.
fn of_absence(producer: &EnvName, absence: &ArtifactAbsence) -> Opinion {
    let environment = producer.clone();
    match absence {
        ArtifactAbsence::RuledOut { requirement } => Opinion {
            reached: Reached::Nothing,
            cause: Cause::RuledOut { requirement: requirement.clone() },
            stage: Stage::Env,
        },
        ArtifactAbsence::ClassAbsent { reason } => Opinion {
            reached: Reached::Nothing,
            cause: Cause::ClassAbsent { environment, says: reason.clone() },
            stage: Stage::Env,
        },
        ArtifactAbsence::NoOutput => inapplicable(Inapplicable::NoOutput),
        ArtifactAbsence::NoOutputHeld { methods } => {
            inapplicable(Inapplicable::NoOutputHeld { methods: methods.clone() })
        }
        ArtifactAbsence::Unsupported { reason } => {
            inapplicable(Inapplicable::Format { says: reason.clone() })
        }
        ArtifactAbsence::SaveFailed { error } => {
            inapplicable(Inapplicable::CannotHold { error: error.clone() })
        }
        ArtifactAbsence::TrainFailed { error } => {
            trouble(Trouble::TrainingFailed { environment, error: error.clone() })
        }
        ArtifactAbsence::NotInstalled { reason } => {
            trouble(Trouble::NotInstalled { environment, says: reason.clone() })
        }
        ArtifactAbsence::Died { reason } => {
            trouble(Trouble::TrainingDied { environment, says: reason.clone() })
        }
        ArtifactAbsence::Disturbed { by } => trouble(Trouble::Disturbed { environment, by: by.clone() }),
        ArtifactAbsence::Refused { reason, foreign } => Opinion {
            reached: Reached::Nothing,
            cause: Cause::Refused { says: reason.clone(), foreign: *foreign },
            stage: Stage::Read,
        },
    }
}

/// The opinion on what was seen.
fn of_observation(facts: &CellFacts<'_>, observation: &Observation) -> Opinion {
    let environment = || facts.consumer_name.clone();
    match &observation.outcome {
        Outcome::Predicted { .. } => of_outputs(facts),
        Outcome::Raised { phase, error, .. } => of_exception(facts, *phase, error),
        // Only external artifacts are asked whether they fit; where a record says it of another one, it is its inputs.
        Outcome::Unfit { unfit, says } => external::unfit(*unfit, says, true, ""),
        Outcome::Inapplicable { reason } => inapplicable(Inapplicable::Format { says: reason.clone() }),
        Outcome::NotInstalled { reason } => {
            trouble(Trouble::NotInstalled { environment: environment(), says: reason.clone() })
        }
        Outcome::Signalled { phase, signal } => {
            let printed = last_line(observation);
            at(*phase, stage_of(*phase), Cause::Signal { signal: *signal, printed })
        }
        Outcome::Exited { phase, status } => {
            let printed = last_line(observation);
            at(*phase, stage_of(*phase), Cause::Exited { status: *status, printed })
        }
        Outcome::TimedOut { phase, limit_seconds } => {
            let limit = Limit::Time { seconds: *limit_seconds };
            at(*phase, stage_of(*phase), Cause::Limit { limit })
        }
        Outcome::OutOfMemory { phase, limit_bytes } => {
            let limit = Limit::Memory { bytes: Some(*limit_bytes) };
            at(*phase, stage_of(*phase), Cause::Limit { limit })
        }
        Outcome::Disturbed { by } => {
            trouble(Trouble::Disturbed { environment: environment(), by: by.clone() })
        }
    }
}

/// The opinion on a cell that gave its outputs.
fn of_outputs(facts: &CellFacts<'_>) -> Opinion {
    let artifact = facts.artifact;
    let reached = |cause, stage| Opinion { reached: Reached::Predicted, cause, stage };
    let in_trouble = |trouble| reached(Cause::Environment { trouble }, Stage::Env);
    match (artifact.reference().map(|reference| &reference.outcome), facts.cell.outputs) {
        (None, _) => in_trouble(Trouble::NotReached),
        (Some(Outcome::Predicted { .. }), None) => in_trouble(Trouble::NotCompared),
        (Some(Outcome::Predicted { .. }), Some(outputs)) => {
            let why = expectation::mistyped(artifact, outputs)
                .or_else(|| random(artifact, outputs).map(|outputs| Cause::Random { outputs }));
            why.map_or_else(
                || of_values(outputs, &noise::floors(artifact)),
                |cause| reached(cause, Stage::Value),
            )
        }
        (Some(Outcome::Disturbed { by }), _) => {
            in_trouble(Trouble::Disturbed { environment: artifact.id.producer.clone(), by: by.clone() })
        }
        (Some(outcome), _) => in_trouble(Trouble::ProducerFails {
            environment: artifact.id.producer.clone(),
            outcome: Box::new(outcome.clone()),
        }),
    }
}

/// The opinion on an exception.
fn of_exception(facts: &CellFacts<'_>, phase: Phase, error: &ErrorFact) -> Opinion {
    let is_memory = error.class == "MemoryError" || error.bases.iter().any(|base| base == "MemoryError");
    let misreads = phase == Phase::Load && (alignment_pad(facts).is_some() || is_size_misread(facts, error));
    // Under a memory limit the allocator refuses before the limit's watcher acts.
    if is_memory && !misreads {
        return at(phase, stage_of(phase), Cause::Limit { limit: Limit::Memory { bytes: None } });
    }
    let stage = match phase {
        Phase::Load if is_memory => Stage::Read,
        Phase::Load => load_stage(error),
        Phase::Predict => Stage::Predict,
    };
    let opinion = at(phase, stage, Cause::Raised { misread: None });
    match alignment_pad(facts) {
        // What an older joblib makes of the pad is a matter of chance: `KeyError`, `EOFError`, `TypeError`, ...
        // Chance does not say what a known cause says.
        Some(pad)
            if matches!(stage, Stage::State | Stage::Read)
                && !explain::is_known(opinion.verdict(), stage, &error.to_string()) =>
        {
            at(phase, Stage::Read, Cause::Raised { misread: Some(pad) })
        }
        _ => opinion,
    }
}

/// Whether a reader of pickles itself asked for the memory, for something that a small file cannot hold: then it took
/// other bytes for a size. What a file runs may well need more than the file holds.
fn is_size_misread(facts: &CellFacts<'_>, error: &ErrorFact) -> bool {
    /// A file of which not even compression makes a gigabyte.
    const SMALL: u64 = 1 << 20;
    let is_small = facts.artifact.made.as_ref().is_some_and(|made| made.size > 0 && made.size < SMALL);
    let reads = |frame: &String| {
        let mut parts = frame.split(':');
        let module = parts.next().is_some_and(|module| matches!(module, "pickle" | "joblib.numpy_pickle"));
        module
            && parts.next().is_some_and(|function| function.starts_with("load_") || function == "read_array")
    };
    is_small && error.frames.last().is_some_and(reads)
}

/// joblib 1.2 and later pad arrays to an alignment that older ones do not know, so that these misread every file with
/// arrays. Says so where a file crosses that boundary.
fn alignment_pad(facts: &CellFacts<'_>) -> Option<Misread> {
    let is_joblib = facts.format.map_or_else(
        // Records of older versions do not describe their formats.
        || format::find(facts.artifact.id.format.as_str()).is_some_and(|row| row.handler == "joblib"),
        |format| format.handler == "joblib",
    );
    let joblib = |environment: &EnvironmentFacts| match environment {
        EnvironmentFacts::Ready { lock, .. } => lock.packages.get("joblib").cloned(),
        EnvironmentFacts::Failed { .. } | EnvironmentFacts::Unknown | EnvironmentFacts::UnknownProducer => {
            None
        }
    };
    let read = joblib(facts.consumer)?;
    // The file knows better than an environment that only stands for its producer.
    let proves = facts
        .artifact
        .file
        .as_ref()
        .and_then(|file| file.proved.get("joblib"))
        .is_some_and(|it| it == ">=1.2");
    let made = joblib(facts.producer).filter(|written| before_padding(written) == Some(false));
    let written = made.or_else(|| proves.then(|| "1.2 or later".to_owned()))?;
    let crosses = before_padding(&read)?;
    (is_joblib && crosses).then_some(Misread::AlignmentPad { written, read })
}

/// Whether a version of joblib is older than 1.2.
fn before_padding(version: &str) -> Option<bool> {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    Some((numbers.next()??, numbers.next()??) < (1, 2))
}

/// The names of the outputs that differ, where each of them differs in the producer itself as soon as the random numbers
/// do: then they say nothing about an environment.
fn random(artifact: &ArtifactFacts, outputs: &ByOutput<OutputComparison>) -> Option<Vec<String>> {
    let differ = |it: &OutputComparison| matches!(it.agreement, Agreement::Outside | Agreement::Mismatched);
    let names: Vec<&String> = outputs.iter().filter(|(_, it)| differ(it)).map(|(name, _)| name).collect();
    let is_explained = !names.is_empty() && names.iter().all(|name| artifact.random.contains(*name));
    is_explained.then(|| names.into_iter().cloned().collect())
}

/// The opinion on how outputs compare with the reference.
fn of_values(outputs: &ByOutput<OutputComparison>, floors: &BTreeMap<&str, NoiseFloor>) -> Opinion {
    let trouble = |trouble| Opinion {
        reached: Reached::Predicted,
        cause: Cause::Environment { trouble },
        stage: Stage::Env,
    };
    if outputs.is_empty() {
        return trouble(Trouble::NothingToCompare);
    }
    let mut reached = Reached::Identical;
    for (name, comparison) in outputs {
        match comparison.agreement {
            Agreement::BitEqual => {}
            Agreement::Within => reached = reached.min(Reached::Within),
            Agreement::Outside => {
                let is_noise =
                    floors.get(name.as_str()).is_some_and(|floor| noise::covers(floor, comparison));
                reached = reached.min(if is_noise { Reached::Within } else { Reached::Predicted });
            }
            Agreement::Mismatched => match &comparison.mismatch {
                Some(Mismatch::Damaged { what }) => {
                    return trouble(Trouble::DamagedOutput { output: name.clone(), says: what.clone() });
                }
                // What is expected and given elsewhere is not mistyped.
                Some(
                    Mismatch::Missing
                    | Mismatch::Shape { .. }
                    | Mismatch::Type { .. }
                    | Mismatch::Mistyped { .. },
                )
                | None => {
                    reached = Reached::Predicted;
                }
            },
        }
    }
    let cause = if reached == Reached::Predicted { Cause::Differs } else { Cause::None };
    Opinion { reached, cause, stage: Stage::Value }
}

/// How far a cell came that ended in this phase.
const fn reached_in(phase: Phase) -> Reached {
    match phase {
        Phase::Load => Reached::Started,
        Phase::Predict => Reached::Loaded,
    }
}

const fn stage_of(phase: Phase) -> Stage {
    match phase {
        Phase::Load => Stage::Load,
        Phase::Predict => Stage::Predict,
    }
}

/// The last line that a process printed.
fn last_line(observation: &Observation) -> Option<String> {
    let line = observation.printed.as_deref()?.trim().lines().last()?;
    Some(line.trim().to_owned())
}
