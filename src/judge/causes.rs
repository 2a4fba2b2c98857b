//! Which known cause a cell matches.

use std::collections::{HashMap, HashSet};

use crate::explain::{self, Explainer, Side, Symptom};
use crate::format;
use crate::state::CellFacts;
use crate::vocab::{
    Agreement, Cause, CellRecord, EnvironmentPlan, EnvironmentRecord, Forecast, FormatName, FormatPlan,
    ModelName, ReferenceKind, RunHeader, Standing, Trouble, Verdict,
};

/// The rules, prepared for the environments of one run.
pub(super) struct Causes<'a> {
    explainer: Explainer,
    sides: Vec<Side>,
    estimators: HashMap<&'a ModelName, &'a str>,
    /// Formats whose drift is their own, because they are translations.
    translations: HashSet<&'a FormatName>,
    /// Formats whose files were damaged on purpose.
    damaged: HashSet<&'a FormatName>,
}

impl<'a> Causes<'a> {
    pub(super) fn new(header: &'a RunHeader, environments: &[EnvironmentRecord]) -> Self {
        let sides: Vec<_> = environments
            .iter()
            .map(|environment| {
                if environment.lock.is_none() {
                    return recorded(header, environment);
                }
                let side = Side::new(&environment.python, &environment.packages, Some(environment.bits))
                    .with_byte_order(environment.byte_order());
                match &environment.full_lock {
                    Some(lock) => side.configured(&lock.config),
                    None => side,
                }
            })
            .collect();
        let models = header.plan.models.iter();
        let formats = |wanted: fn(&FormatPlan) -> bool| {
            header.plan.formats.iter().filter(|it| wanted(it)).map(|it| &it.name).collect()
        };
        Self {
            explainer: Explainer::new(&sides),
            sides,
            translations: formats(|format| {
                format.damaged.is_none() && format.reference == ReferenceKind::Model
            }),
            damaged: formats(|format| format.damaged.is_some()),
            estimators: models.map(|model| (&model.name, model.estimator.as_str())).collect(),
        }
    }

    /// What was to be expected of a cell, from what the file says and the versions of its reader alone; `None` where
    /// nothing is known of one of them.
    pub(super) fn forecast(&self, facts: &CellFacts<'_>, consumer: usize) -> Option<Forecast> {
        let side = self.sides.get(consumer).filter(|side| !side.versions.is_empty())?;
        facts.artifact.facts.as_deref().map(|file| explain::forecast(file, side))
    }

    /// The id of the rule that explains a cell, if one does. A model that differs between two loads in its own
    /// producer is not explained by versions.
    pub(super) fn of(&self, cell: &CellRecord, facts: &CellFacts<'_>, consumer: usize) -> Option<String> {
        match cell.cause.standing() {
            Standing::Fails | Standing::NoAnswer => {}
            Standing::Works | Standing::DoesNotApply | Standing::BadInput => return None,
        }
        // Only trouble of an environment has a cause of its own among what could not be judged.
        if cell.verdict == Verdict::Unverified {
            return None;
        }
        let texts: Vec<String> =
            cell.error.iter().map(ToString::to_string).chain(words(&cell.cause)).collect();
        let outputs: Vec<String> = cell
            .outputs
            .iter()
            .filter(|(_, output)| matches!(output.agreement, Agreement::Outside | Agreement::Mismatched))
            // Of one estimator among several, its path says nothing here.
            .map(|(name, _)| name.rsplit('/').next().unwrap_or(name).to_owned())
            .collect();
        let symptom = Symptom {
            verdict: cell.verdict,
            stage: cell.stage,
            texts: &texts,
            signal: match cell.cause {
                Cause::Signal { signal, .. } => Some(signal),
                _ => None,
            },
            misread: match &cell.cause {
                Cause::Raised { misread } => misread.as_ref(),
                _ => None,
            },
            module: cell.blame.as_deref(),
            frames: cell.error.as_ref().map_or(&[], |error| error.frames.as_slice()),
            outputs: &outputs,
            // Records of older versions do not describe their formats.
            format: facts.format.map_or_else(
                || format::find(cell.format.as_str()).map_or("", |format| format.handler),
                |format| format.handler.as_str(),
            ),
            // Versions explain how a saved model moves, not what a translation did to it. Where the state of estimators
            // can be read off the file, it was saved and not translated.
            translated: self.translations.contains(&cell.format) && facts.artifact.facts.is_none(),
            damaged: self.damaged.contains(&cell.format),
            file: facts.artifact.facts.as_deref(),
            expression: self.estimators.get(&cell.model).copied().unwrap_or_default(),
        };
        let rule = self.explainer.explain(&symptom, facts.artifact.producer, consumer)?;
        Some(rule.id.to_owned())
    }
}

/// What is known of an environment that was not made. What is declared is no version that anybody has seen, except where
/// files record it: they were written by these releases, whether or not that can be installed again.
fn recorded(header: &RunHeader, environment: &EnvironmentRecord) -> Side {
    let is_of_files = |plan: &&EnvironmentPlan| plan.name == environment.name && plan.external;
    let plan = header.plan.environments.iter().find(is_of_files);
    plan.map_or_else(Side::default, |plan| Side::new("", &plan.packages, None))
}

/// What somebody else said about the trouble of an environment: rules know the messages of installers and interpreters.
fn words(cause: &Cause) -> Option<String> {
    // What a process said before it ended is all that there is of a reason.
    if let Cause::Exited { printed, .. } | Cause::Signal { printed, .. } = cause {
        return printed.clone();
    }
    let Cause::Environment { trouble } = cause else { return None };
    match trouble {
        Trouble::NotMade { says, .. }
        | Trouble::TrainingDied { says, .. }
        | Trouble::NotInstalled { says, .. }
        | Trouble::Lost { says, .. } => Some(says.clone()),
        Trouble::TrainingFailed { error, .. } | Trouble::NotImportable { error, .. } => {
            Some(error.to_string())
        }
        Trouble::NotReached
        | Trouble::PackageMissing { .. }
        | Trouble::ModuleMissing { .. }
        | Trouble::OtherRelease { .. }
        | Trouble::Disturbed { .. }
        | Trouble::ProducerFails { .. }
        | Trouble::NotCompared
        | Trouble::NothingToCompare
        | Trouble::DamagedOutput { .. } => None,
    }
}
