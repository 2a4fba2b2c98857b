//! Layer 1: opinions. From recorded events to verdicts, statuses and findings, and from those to an exit code.
//!
//! Architecture Invariant: nothing here sees a path, a clock, a process or an environment; the same events give
//! the same record on any machine, with or without Python.

#[cfg(test)]
mod arbitrary;
mod attest;
mod baseline;
mod causes;
mod expectation;
mod external;
mod findings;
mod gate;
mod next;
mod noise;
mod options;
mod promises;
mod rescue;
mod stage;
mod status;
mod verdict;

pub use attest::{Discrepancy, Repetition, mismatches, repeated, statement};
pub use baseline::{Acceptance, Baseline, BaselineError, Known, is_baseline, read_baseline, write_baseline};
pub use findings::normalised;
pub use gate::{exit_code, is_bad_input};
pub use options::JudgeOptions;
pub use rescue::{FirstStep, Proof, first_step, proof, rescue_exit_code, tried};
pub use stage::load_stage;
pub use verdict::judge_cell;

use std::sync::Arc;

use crate::explain;
use crate::state::{ArtifactFacts, CellFacts, CellView, EnvironmentFacts, RunState};
use crate::vocab::{
    Agreement, ArtifactAbsence, ArtifactRecord, Cause, CellRecord, EnvironmentRecord, FORMAT_VERSION, Gap,
    InputForm, InputsKind, MachineDifference, MatrixSummary, NoReference, Opinion, Outcome, Record,
    RunSummary, Stage, Status, Summary, Trouble, Verdict, WarningFact,
};
use causes::Causes;
use gate::Gate;
use status::Now;

/// Whether a reader has the release that a statement was read out of, `scikit-learn 1.10.0`. Where `latest` or `pre` is declared, the
/// index may have had a newer one than an environment that was made before; elsewhere one was read and the same is made.
fn has_release(state: &RunState, environment: usize, release: &str) -> bool {
    let Some((package, version)) = release.rsplit_once(' ') else { return true };
    let declared = state.header().plan.environments[environment].packages.get(package);
    if !declared.is_some_and(|it| matches!(it.as_str(), "latest" | "pre")) {
        return true;
    }
    match &state.environments()[environment] {
        EnvironmentFacts::Ready { lock, .. } => lock.packages.get(package).is_some_and(|own| own == version),
        EnvironmentFacts::Unknown | EnvironmentFacts::UnknownProducer | EnvironmentFacts::Failed { .. } => {
            true
        }
    }
}

/// Judges a run.
pub fn judge(state: &RunState, options: &JudgeOptions) -> Record {
    let header = state.header();
    let gate = Gate::new(&header.plan.expectations, options);
    let environments: Vec<_> = header
        .plan
        .environments
        .iter()
        .zip(state.environments().iter().zip(state.gaps()))
        .map(|(plan, (facts, gaps))| environment_record(plan, facts, gaps))
        .collect();
    let causes = Causes::new(header, &environments);
    let mut artifacts = Vec::with_capacity(state.artifacts().len());
    let mut cells = Vec::with_capacity(state.artifacts().len() * state.consumers().len());
    let mut summary = Summary::default();
    let mut is_forecast = options.forecast;
    let ended_early = state.finish().is_none_or(|finish| finish.interrupted);
    for (index, artifact) in state.artifacts().iter().enumerate() {
        artifacts.push(artifact_record(artifact));
        let id = artifact.id.to_string();
        for facts in state.cells_of(index) {
            let mut cell = cell_record(&id, &facts, &gate, ended_early);
            cell.rule = causes.of(&cell, &facts, facts.consumer_index);
            // What was said before is what is held against what happened.
            cell.forecast = match state.foretold(&artifact.id, &cell.consumer) {
                Some(foretold) if has_release(state, facts.consumer_index, &foretold.release) => {
                    Some(foretold.forecast.clone())
                }
                // It speaks of another release.
                Some(_) => None,
                None if options.forecast => causes.forecast(&facts, facts.consumer_index),
                None => None,
            };
            is_forecast |= cell.forecast.is_some();
            summary.count_cause(&cell);
            *summary.verdicts.entry(cell.verdict).or_default() += 1;
            if let Some(status) = cell.status {
                *summary.statuses.entry(status).or_default() += 1;
            }
            cells.push(cell);
        }
    }
    summary.cells = cells.len() as u64;
    let mut record = Record {
        format_version: FORMAT_VERSION,
        matrix: MatrixSummary {
            name: header.matrix.name.clone(),
            description: header.matrix.description.clone(),
            package: header.matrix.package.clone(),
            file: header.matrix.file.clone(),
            plan_digest: header.matrix.plan_digest,
            models: header
                .plan
                .models
                .iter()
                .map(|model| (model.name.clone(), model.estimator.clone()))
                .collect(),
        },
        run: RunSummary {
            name: header.run.clone(),
            started: state.started().to_owned(),
            finished: state.finish().map(|finish| finish.time.clone()),
            seconds: state.finish().map_or(0.0, |finish| finish.seconds),
            shelflife: header.shelflife.clone(),
            jobs: header.jobs,
            executed: state.finish().map_or(0, |finish| finish.executed),
            reused: state.finish().map_or(0, |finish| finish.reused),
            interrupted: ended_early,
            judged: gate.judges(),
        },
        environments,
        formats: header.plan.formats.clone(),
        artifacts,
        cells,
        left_out: header.plan.left_out.clone(),
        findings: Vec::new(),
        summary,
        promises: Vec::new(),
        score: None,
    };
    record.promises = promises::promises(&record);
    record.findings = findings::findings(&record);
    record.score = is_forecast.then(|| explain::score(&record.cells));
    record
}

fn environment_record(
    plan: &crate::vocab::EnvironmentPlan,
    facts: &EnvironmentFacts,
    gaps: &[Gap],
) -> EnvironmentRecord {
    let (lock, error, remedy) = match facts {
        EnvironmentFacts::Ready { lock, .. } => (Some(&**lock), None, None),
        EnvironmentFacts::Failed { reason, remedy, .. } => (None, Some(reason.clone()), remedy.clone()),
        EnvironmentFacts::UnknownProducer | EnvironmentFacts::Unknown => (None, None, None),
    };
    EnvironmentRecord {
        name: plan.name.clone(),
        runtime: plan.runtime,
        arch: lock.map(|lock| lock.arch.clone()).unwrap_or_default(),
        bits: lock.map_or(0, |lock| lock.bits),
        python: lock.map_or_else(|| plan.python.clone().unwrap_or_default(), |lock| lock.python.clone()),
        packages: lock.map_or_else(|| plan.packages.clone(), |lock| lock.packages.clone()),
        lock: lock.map(crate::vocab::Lock::digest),
        setup: lock.map(|lock| lock.setup.clone()).unwrap_or_default(),
        full_lock: lock.cloned(),
        producer: plan.producer,
        consumer: plan.consumer,
        error,
        remedy,
        not_reached: matches!(facts, EnvironmentFacts::Unknown),
        gaps: gaps.to_vec(),
    }
}

fn artifact_record(artifact: &ArtifactFacts) -> ArtifactRecord {
    let made = artifact.made.as_ref();
    ArtifactRecord {
        id: artifact.id.to_string(),
        model: artifact.id.model.clone(),
        format: artifact.id.format.clone(),
        producer: artifact.id.producer.clone(),
        digest: made.map(|made| made.digest),
        size: made.map(|made| made.size),
        train_seconds: made.map(|made| made.train_seconds),
        save_seconds: made.map(|made| made.save_seconds),
        absence: artifact.absence.clone(),
        producer_fails: producer_fails(artifact),
        file: artifact.file.as_deref().cloned(),
        made_up: artifact.made_up().cloned(),
        as_categories: artifact.form() == Some(InputForm::Categories),
    }
}

/// What the producer of a file did with it instead of predicting: whoever fails elsewhere fails there as well.
fn producer_fails(artifact: &ArtifactFacts) -> Option<Outcome> {
    artifact.file.as_ref()?;
    match &artifact.reference()?.outcome {
        Outcome::Predicted { .. } => None,
        other => Some(other.clone()),
    }
}

/// What a run that was ended has not come to yet is nobody's fault: it would have been compared, or its producer asked.
fn of_ended_run(opinion: Opinion) -> Opinion {
    let is_unfinished = matches!(
        opinion.cause,
        Cause::Environment { trouble: Trouble::NotCompared }
            | Cause::NoReference { why: NoReference::ProducerSilent { .. } }
    );
    if !is_unfinished {
        return opinion;
    }
    let cause = Cause::Environment { trouble: Trouble::NotReached };
    Opinion { cause, stage: Stage::Env, ..opinion }
}

fn cell_record(id: &str, facts: &CellFacts<'_>, gate: &Gate<'_>, ended_early: bool) -> CellRecord {
    let opinion = judge_cell(facts);
    let opinion = if ended_early { of_ended_run(opinion) } else { opinion };
    let verdict = opinion.verdict();
    let Opinion { reached, cause, stage } = opinion;
    let artifact = &facts.artifact.id;
    let observation = facts.cell.observation;
    // A training that raised is shown with its exception, like any other failure.
    let error = match (observation.map(|observation| &observation.outcome), &facts.artifact.absence) {
        (Some(Outcome::Raised { error, .. }), _) => Some(error.clone()),
        (_, Some(ArtifactAbsence::TrainFailed { error } | ArtifactAbsence::SaveFailed { error })) => {
            Some(Arc::new(error.clone()))
        }
        _ => None,
    };
    let outputs = facts.cell.outputs.map(|it| noise::with_floors(facts.artifact, it)).unwrap_or_default();
    let is_noise =
        verdict == Verdict::Roundoff && outputs.values().any(|it| it.agreement == Agreement::Outside);
    let now = Now { verdict, reached, cause: &cause, is_noise };
    let (mut status, expected) = gate.status(artifact, facts.consumer_name, now);
    if status.is_some_and(Status::is_bad) && verdict.fails() && works_on_retry(facts) {
        status = Some(Status::Flaky);
    }
    let elsewhere = elsewhere(facts);
    // What fails on both machines fails.
    let works_on_one =
        elsewhere.as_ref().is_some_and(|it| it.verdict != verdict && (it.verdict.works() || verdict.works()));
    if works_on_one && gate.judges() {
        status = Some(Status::Flaky);
    }
    CellRecord {
        artifact: id.to_owned(),
        model: artifact.model.clone(),
        format: artifact.format.clone(),
        producer: artifact.producer.clone(),
        consumer: facts.consumer_name.clone(),
        verdict,
        stage,
        reached,
        cause,
        status,
        tried: observation.map(|observation| observation.tried.clone()).unwrap_or_default(),
        warned: observation.map(|observation| version_warnings(&observation.warnings)).unwrap_or_default(),
        rule: None,
        forecast: None,
        blame: error.as_ref().and_then(|error| error.module.clone()),
        error,
        synthetic: facts.artifact.file.as_ref().is_some_and(|file| file.inputs == InputsKind::Synthetic),
        expected,
        outputs,
        load_seconds: observation.and_then(|observation| observation.load_seconds),
        predict_seconds: observation.and_then(|observation| observation.predict_seconds),
        peak_rss_bytes: observation.and_then(|observation| observation.peak_rss_bytes),
        reused: facts.cell.reused,
        elsewhere,
    }
}

/// What a cell is on the other machine that tried it, where something else came out there.
fn elsewhere(facts: &CellFacts<'_>) -> Option<Box<MachineDifference>> {
    let other = facts.cell.contradicted?;
    let cell = CellView {
        observation: Some(&other.observation),
        outputs: Some(&other.outputs),
        lost: None,
        reused: false,
        retried: None,
        contradicted: None,
    };
    let opinion = judge_cell(&CellFacts { cell, ..*facts });
    let lock = match facts.consumer {
        EnvironmentFacts::Ready { lock, .. } => Some(lock.digest()),
        EnvironmentFacts::Unknown | EnvironmentFacts::UnknownProducer | EnvironmentFacts::Failed { .. } => {
            None
        }
    };
    Some(Box::new(MachineDifference {
        lock,
        other_lock: other.lock.digest(),
        verdict: opinion.verdict(),
        reached: opinion.reached,
    }))
}

/// Whether a cell worked when it was tried again.
fn works_on_retry(facts: &CellFacts<'_>) -> bool {
    facts.cell.retried.is_some_and(|(observation, outputs)| {
        let cell = CellView {
            observation: Some(observation),
            outputs: Some(outputs),
            lost: None,
            reused: false,
            retried: None,
            contradicted: None,
        };
        let again = CellFacts { cell, ..*facts };
        judge_cell(&again).verdict().works()
    })
}

/// The texts of warnings that speak of versions: `InconsistentVersionWarning` since scikit-learn 1.3, a
/// `UserWarning` about unpickling before.
fn version_warnings(warnings: &[WarningFact]) -> Vec<Arc<str>> {
    warnings
        .iter()
        .filter(|warning| {
            warning.category.ends_with("InconsistentVersionWarning")
                || (warning.message.starts_with("Trying to unpickle estimator")
                    && warning.message.contains("version"))
        })
        .map(|warning| warning.message.clone())
        .collect()
}

#[cfg(test)]
mod tests;
