//! What is special about external artifacts: their producer may be unknown, and their inputs may be generated.

use super::expectation;
use crate::state::{CellFacts, EnvironmentFacts};
use crate::vocab::{
    Cause, EnvName, ErrorFact, FilePlan, InputsKind, Misfit, NoReference, Observation, Opinion, Outcome,
    Phase, Reached, Stage, Trouble, Unfit,
};

/// The opinion on a cell of a file, where it is not the one that every artifact gets.
pub(super) fn opinion(facts: &CellFacts<'_>, file: &FilePlan, observation: &Observation) -> Option<Opinion> {
    let loaded = |cause, stage| Some(Opinion { reached: Reached::Loaded, cause, stage });
    match &observation.outcome {
        Outcome::Predicted { .. } if file.inputs == InputsKind::None => loaded(Cause::LoadOnly, Stage::Load),
        Outcome::Predicted { .. } => {
            let cause = Cause::NoReference { why: nothing_to_compare_with(facts)? };
            Some(Opinion { reached: Reached::Predicted, cause, stage: Stage::Value })
        }
        Outcome::Unfit { unfit: what, says } => {
            Some(unfit(*what, says, file.inputs == InputsKind::Given, &file.inputs_from))
        }
        Outcome::Raised { phase: Phase::Predict, error, method, .. } => {
            if let Some(cause) = expectation::no_such_output(facts.artifact, method.as_deref(), error) {
                return loaded(cause, Stage::Predict);
            }
            let own = facts.artifact.reference().map(|reference| &reference.outcome);
            let (says, because) = match (own, file.inputs) {
                // Where its producer cannot predict on them either, it is the inputs.
                (Some(Outcome::Raised { phase: Phase::Predict, error, .. }), _) => {
                    (error, why_nowhere(error))
                }
                (None, InputsKind::Synthetic) => (error, Misfit::Synthetic),
                _ => return None,
            };
            let cause = Cause::InputsDoNotFit {
                says: says.to_string(),
                because,
                given: file.inputs == InputsKind::Given,
                inputs: file.inputs_from.clone(),
                made_up: facts.artifact.made_up().cloned(),
            };
            loaded(cause, Stage::Predict)
        }
        Outcome::Raised { phase: Phase::Load, error, .. } => {
            let trouble =
                not_importable(facts, file, error).or_else(|| missing_package(facts, file, error))?;
            Some(Opinion {
                reached: Reached::Nothing,
                cause: Cause::Environment { trouble },
                stage: Stage::Env,
            })
        }
        Outcome::Inapplicable { .. }
        | Outcome::NotInstalled { .. }
        | Outcome::Signalled { .. }
        | Outcome::Exited { .. }
        | Outcome::TimedOut { .. }
        | Outcome::OutOfMemory { .. }
        | Outcome::Disturbed { .. } => None,
    }
}

/// Why a model predicts nowhere. No inputs give a function names that it does not find.
fn why_nowhere(error: &ErrorFact) -> Misfit {
    match error.class.as_str() {
        "NameError" | "builtins.NameError" => Misfit::NameNotSaved,
        class if class.ends_with(".NotFittedError") => Misfit::NotFitted,
        _ if is_of_the_machine(error) => Misfit::Unserved,
        _ => Misfit::AlsoWhereMade,
    }
}

/// Whether an exception is about the machine: files, connections, processes. What a pipe to another process says when that
/// one is not there is an end of file.
fn is_of_the_machine(error: &ErrorFact) -> bool {
    let classes = std::iter::once(&error.class).chain(&error.bases);
    classes
        .map(|class| class.rsplit('.').next().unwrap_or(class))
        .any(|it| matches!(it, "OSError" | "EOFError"))
}

/// The opinion on what the agent itself found not to go together.
pub(super) fn unfit(unfit: Unfit, says: &str, given: bool, inputs: &str) -> Opinion {
    let cause = match unfit {
        Unfit::NotAModel => Cause::NotAModel { says: says.to_owned() },
        Unfit::Inputs => Cause::InputsDoNotFit {
            says: says.to_owned(),
            because: Misfit::Compared,
            given,
            inputs: inputs.to_owned(),
            made_up: None,
        },
    };
    Opinion { reached: Reached::Loaded, cause, stage: Stage::Predict }
}

/// What the environments of a file lack, where nobody has said that it belongs to them: it is missing where the file was
/// made as well, and nothing that moved can be blamed.
fn missing_package(facts: &CellFacts<'_>, file: &FilePlan, error: &ErrorFact) -> Option<Trouble> {
    let module = missing_module(error)?;
    let environments = lacking(facts, module)?;
    let top = module.split('.').next().unwrap_or(module);
    if top != module {
        let package = file.imports.get(top)?.clone();
        return Some(Trouble::OtherRelease { package, module: module.to_owned(), environments });
    }
    if file.own_modules.contains(module) {
        let (module, given) = (module.to_owned(), file.modules_given);
        return Some(Trouble::ModuleMissing { module, environments, given });
    }
    let package = file.imports.get(module)?.clone();
    Some(Trouble::PackageMissing { package, environments })
}

/// A package that is installed there and whose own import fails: that is so for every file that needs it.
fn not_importable(facts: &CellFacts<'_>, file: &FilePlan, error: &ErrorFact) -> Option<Trouble> {
    let import = error.importing.as_ref()?;
    let package = file.imports.get(&import.module).unwrap_or(&import.module).clone();
    let (environment, lacks) = (facts.consumer_name.clone(), import.lacks.clone());
    Some(Trouble::NotImportable { environment, package, lacks, error: error.clone() })
}

/// The environments that lack a module; `None` where the producer has it, so that the move loses it.
fn lacking(facts: &CellFacts<'_>, module: &str) -> Option<Vec<EnvName>> {
    let consumer: &EnvName = facts.consumer_name;
    match facts.artifact.reference().map(|reference| &reference.outcome) {
        Some(Outcome::Raised { phase: Phase::Load, error, .. }) if missing_module(error) == Some(module) => {
            let mut both = vec![facts.artifact.id.producer.clone()];
            both.extend((*consumer != both[0]).then(|| consumer.clone()));
            Some(both)
        }
        Some(Outcome::Predicted { .. }) => None,
        // What the producer did instead says nothing about the module.
        Some(_) | None => Some(vec![consumer.clone()]),
    }
}

/// The module of Python's own `No module named '...'`.
fn missing_module(error: &ErrorFact) -> Option<&str> {
    let module = error.message.strip_prefix("No module named '")?.split('\'').next()?;
    error.class.ends_with("ModuleNotFoundError").then_some(module)
}

/// Why there is no reference, where there is none.
fn nothing_to_compare_with(facts: &CellFacts<'_>) -> Option<NoReference> {
    let environment = facts.artifact.id.producer.clone();
    match (facts.artifact.reference().map(|reference| &reference.outcome), facts.producer) {
        // What the machine did to the producer's answer is told as that.
        (Some(Outcome::Predicted { .. } | Outcome::Disturbed { .. }), _) => None,
        (Some(outcome), _) => {
            Some(NoReference::ProducerFails { environment, outcome: Box::new(outcome.clone()) })
        }
        (None, EnvironmentFacts::UnknownProducer) => Some(NoReference::UnknownProducer),
        (None, EnvironmentFacts::Failed { reason, .. }) => {
            Some(NoReference::ProducerNotMade { environment, says: reason.clone() })
        }
        (None, EnvironmentFacts::Ready { .. } | EnvironmentFacts::Unknown) => {
            Some(NoReference::ProducerSilent { environment })
        }
    }
}
