//! What is special about files from outside: their maker may be unknown, and their inputs may be nobody's.
//!
//! Without anything to compare with, a cell that loads and predicts is neither `identical` nor a failure: it is
//! `unsupported`, decided at the stage that it reached, and its status says that nothing could be judged.

use std::collections::BTreeMap;

use super::verdict::{Opinion, brief, not_made, reference_outcome};
use crate::state::{ArtifactFacts, CellFacts, EnvironmentFacts};
use crate::vocab::{
    Agreement, CellRecord, ErrorFact, FilePlan, InputsKind, Observation, Outcome, OutputComparison, Phase,
    Record, Stage, Verdict,
};

/// What the agent's own exceptions begin with: it raises where inputs and model do not belong together, and where
/// what was loaded is no model.
const AGENT: &str = "shelflife_agent.";

/// Whether a failure means that what was given does not belong together, rather than that it stopped working: the agent
/// says so, or the inputs that were given do not suit the model where it was made either.
pub fn is_bad_input(record: &Record, cell: &CellRecord) -> bool {
    let is_given = || {
        let artifact = record.artifacts.iter().find(|it| it.id == cell.artifact);
        artifact.and_then(|it| it.file.as_ref()).is_some_and(|file| file.inputs == InputsKind::Given)
    };
    cell.error.as_ref().is_some_and(|error| error.class.starts_with(AGENT))
        || (cell.verdict == Verdict::Unsupported && cell.stage == Stage::Predict && is_given())
}

/// What to tell so that a file that was tried can be judged.
pub(super) fn what_is_missing(record: &Record, cell: &CellRecord) -> String {
    let class = cell.error.as_ref().map_or("", |error| error.class.as_str());
    let producer = record.environments.iter().find(|env| env.name == cell.producer);
    match cell.stage {
        Stage::Predict if class.ends_with(".NotAModel") => {
            "Name a file that holds a fitted estimator or pipeline.".to_owned()
        }
        Stage::Predict => {
            "Give it inputs that it takes: the columns that it was fitted on, by --inputs (`inputs` in a matrix)."
                .to_owned()
        }
        _ if !cell.outputs.is_empty() => {
            "Give the model a random_state and save it again; until then nothing can be said of it.".to_owned()
        }
        _ => producer.and_then(|env| env.remedy.clone()).unwrap_or_else(|| {
            "Say what made it (--made-by, `versions` in a matrix), or what it should give (--inputs with --expected)."
                .to_owned()
        }),
    }
}

/// Whether a cell came to its end and there was nothing to compare it with.
pub(super) fn is_uncompared(verdict: Verdict, stage: Stage) -> bool {
    verdict == Verdict::Unsupported && matches!(stage, Stage::Value | Stage::Predict)
}

/// The opinion on a cell of a file, where it is not the one that every artifact gets.
pub(super) fn opinion(facts: &CellFacts<'_>, file: &FilePlan, observation: &Observation) -> Option<Opinion> {
    let unsupported =
        |stage, reason: String| Some(Opinion { verdict: Verdict::Unsupported, stage, reason: Some(reason) });
    match &observation.outcome {
        Outcome::Predicted { .. } if file.inputs == InputsKind::None => {
            unsupported(Stage::Load, "it loads; no inputs were given to predict on".to_owned())
        }
        Outcome::Predicted { .. } => {
            let why = nothing_to_compare_with(facts)?;
            unsupported(Stage::Value, format!("it loads and predicts, with nothing to compare: {why}"))
        }
        Outcome::Raised { phase: Phase::Predict, error, .. } => {
            if error.class.starts_with(AGENT) {
                let reason = format!("it loads; {} ({})", error.message, file.inputs_from);
                return unsupported(Stage::Predict, reason);
            }
            let own = facts.artifact.reference().map(|reference| &reference.outcome);
            match (own, file.inputs) {
                // Where its maker cannot predict on them either, it is the inputs.
                (Some(Outcome::Raised { phase: Phase::Predict, error, .. }), _) => unsupported(
                    Stage::Predict,
                    format!(
                        "it loads; the inputs do not suit it, also where it was made: {} ({})",
                        brief(error),
                        file.inputs_from
                    ),
                ),
                (None, InputsKind::Synthetic) => unsupported(
                    Stage::Predict,
                    format!("it loads; the synthetic inputs may not suit it: {}", brief(error)),
                ),
                _ => None,
            }
        }
        Outcome::Raised { phase: Phase::Load, error, .. } => {
            let reason = lacking(facts, file, error)?;
            Some(Opinion { verdict: Verdict::EnvError, stage: Stage::Env, reason: Some(reason) })
        }
        Outcome::Inapplicable { .. }
        | Outcome::Unequipped { .. }
        | Outcome::Signalled { .. }
        | Outcome::Exited { .. }
        | Outcome::TimedOut { .. }
        | Outcome::OutOfMemory { .. } => None,
    }
}

/// What the environments of a file lack, where that is a package of which nobody has said that it belongs to them: it is
/// missing where the file was made as well, and nothing that moved can be blamed.
fn lacking(facts: &CellFacts<'_>, file: &FilePlan, error: &ErrorFact) -> Option<String> {
    let module = missing_module(error)?;
    let package = file.imports.get(module)?;
    let producer = &facts.artifact.id.producer;
    let consumer = facts.consumer_name;
    let there = match facts.artifact.reference().map(|reference| &reference.outcome) {
        // Who made it has the package: the move loses it.
        Some(Outcome::Raised { phase: Phase::Load, error, .. }) if missing_module(error) == Some(module) => {
            format!("{producer} and {consumer} do not have it")
        }
        None => format!("{consumer} does not have it"),
        Some(_) => return None,
    };
    Some(format!("it needs {package}, and {there}"))
}

/// The module of `No module named '...'`, where it is a whole package.
fn missing_module(error: &ErrorFact) -> Option<&str> {
    let module = error.message.strip_prefix("No module named '")?.split('\'').next()?;
    (error.class.ends_with("ModuleNotFoundError") && !module.contains('.')).then_some(module)
}

/// Why there is no reference, where there is none.
fn nothing_to_compare_with(facts: &CellFacts<'_>) -> Option<String> {
    let producer = &facts.artifact.id.producer;
    match (facts.artifact.reference().map(reference_outcome), facts.producer) {
        (Some(Ok(())), _) => None,
        (Some(Err(reason)), _) => Some(format!("{producer}, which should have made it, {reason}")),
        (None, EnvironmentFacts::Elsewhere) => Some("nothing tells what made it".to_owned()),
        (None, EnvironmentFacts::Failed { reason, .. }) => Some(not_made(producer, reason)),
        (None, EnvironmentFacts::Ready { .. } | EnvironmentFacts::Unknown) => {
            Some(format!("{producer} gave no reference"))
        }
    }
}

/// Why the outputs that differ say nothing about an environment, where that is so: each of them differs in the producer
/// itself as soon as the random numbers do.
pub(super) fn random(
    artifact: &ArtifactFacts,
    outputs: &BTreeMap<String, OutputComparison>,
) -> Option<String> {
    let differ = |it: &OutputComparison| matches!(it.agreement, Agreement::Outside | Agreement::Mismatched);
    let names: Vec<&str> =
        outputs.iter().filter(|(_, it)| differ(it)).map(|(name, _)| name.as_str()).collect();
    let explained = !names.is_empty() && names.iter().all(|name| artifact.random.contains(*name));
    explained.then(|| {
        format!(
            "{} is random: it differs in {} itself with another seed, so that nothing that moved can be blamed",
            names.join(", "),
            artifact.id.producer
        )
    })
}

/// What the producer of a file did with it instead of predicting: whoever fails elsewhere fails there as well.
pub(super) fn own_failure(artifact: &ArtifactFacts) -> Option<String> {
    artifact.file.as_ref()?;
    let what = reference_outcome(artifact.reference()?).err()?;
    Some(format!("{} {what}", artifact.id.producer))
}

/// Adds what a reader has to know of the inputs to an opinion on values.
pub(super) fn remarked(artifact: &ArtifactFacts, opinion: Opinion) -> Opinion {
    let synthetic = artifact.file.as_ref().is_some_and(|file| file.inputs == InputsKind::Synthetic);
    let reason = opinion.reason.or_else(|| synthetic.then(|| "on synthetic inputs".to_owned()));
    Opinion { reason, ..opinion }
}
