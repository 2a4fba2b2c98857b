//! A file that works in another environment, with proof: it is tried as it is, its states are mended in the target's own
//! interpreter, and what came of that is tried by ordinary cells against what its producer gives. Nothing is believed that
//! was not verified.

mod case;
mod keep;
mod places;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::datasets::load_datasets;
use super::disk::Disk;
use super::environments::environment;
use super::error::AppError;
use super::files::Draft;
use super::naming::run_name;
use super::request::RescueRequest;
use super::session::{Executed, Job, Session};
use crate::dataset;
use crate::explain::{COMPANIONS, MENDS};
use crate::inspect::{InspectOptions, inspect};
use crate::judge::{self, FirstStep, JudgeOptions, Proof};
use crate::matrix::{EnvironmentSpec, Matrix, RuntimeSpec};
use crate::plan::{self, Selection};
use crate::run::{ErrandDone, ErrandKind, Ran, run_errands};
use crate::vocab::{
    Digest, EnvName, ExitCode, LeftOut, MendOutcome, Outcome, Record, Refused, RescueRecord, Trust,
};
use case::{Bytes, Case, trial_matrix};

/// What came of one file.
#[derive(Debug)]
pub struct RescueItem {
    /// The facts.
    pub record: RescueRecord,
    /// The model, where one was written.
    pub written: Option<PathBuf>,
    /// The page about it.
    pub page: Option<PathBuf>,
    /// The folder with what keeps the environment that reads it, where that is the next best way.
    pub kept: Option<PathBuf>,
}

/// What came of a rescue.
#[derive(Debug)]
pub struct Rescued {
    /// Each file, in the order in which they were found.
    pub items: Vec<RescueItem>,
    /// What was named and is no artifact.
    pub left_out: Vec<LeftOut>,
    /// The folder of its runs.
    pub folder: PathBuf,
    /// Whether nothing was to be written.
    pub is_dry: bool,
}

impl Rescued {
    /// What it says to whoever asked.
    pub fn exit_code(&self) -> ExitCode {
        judge::rescue_exit_code(self.items.iter().map(|item| &item.record), !self.left_out.is_empty())
    }
}

/// The first trial, as a value.
struct Survey {
    matrix: Arc<Matrix>,
    /// The encoded datasets of its models, by name.
    datasets: BTreeMap<String, Vec<u8>>,
    record: Record,
    target: EnvName,
    folder: PathBuf,
}

/// Whether a producer fails for want of inputs alone, which probes can give it.
const fn lacks_inputs(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unfit { .. })
}

impl Session<'_> {
    /// Rescues files.
    ///
    /// # Errors
    /// When it cannot be started, recorded or written. What files and environments do is no error.
    pub fn rescue(&mut self, request: &RescueRequest) -> Result<Rescued, AppError> {
        let name = run_name(request.name.as_deref(), "rescue")?;
        let survey = self.survey(request, &name)?;
        let mut cases = cases(&survey);
        self.probe(&survey, &mut cases)?;
        self.verify(&survey, &mut cases, Bytes::Original, &name)?;
        self.mend(&survey, &mut cases, request)?;
        self.verify(&survey, &mut cases, Bytes::Mended, &name)?;
        self.written(&survey, cases, request)
    }

    /// A matrix of files with further models: each of them on rows that are derived from it. Where nothing can be derived,
    /// nothing is added.
    pub(super) fn with_probes(&mut self, matrix: Matrix, name: &str) -> Result<Matrix, AppError> {
        let executed = self.execute_files(matrix, &format!("{name}-unprobed"), || None)?;
        finished(&executed)?;
        let survey = self.surveyed(executed, EnvName::from(""))?;
        let mut cases = cases(&survey);
        self.probe(&survey, &mut cases)?;
        let cache = self.cache.clone();
        let which = |case: &Case| case.refused.is_none().then_some(Bytes::Original);
        let probed = trial_matrix(
            &survey.matrix,
            &cases,
            &which,
            &|digest: &Digest| cache.object_path(digest),
            &|digest: &Digest| cache.object(digest),
        );
        let mut matrix = (*survey.matrix).clone();
        matrix.models.extend(probed.models);
        matrix.given = probed.given;
        Ok(matrix)
    }

    /// Tries the files as they are.
    fn survey(&mut self, request: &RescueRequest, name: &str) -> Result<Survey, AppError> {
        let to = environment(&request.to, "--to", &Disk)?;
        let target = to.name.clone();
        let mut environments = vec![to];
        let mut from = request.from.as_ref().map(|text| environment(text, "--from", &Disk)).transpose()?;
        if let Some(from) = &mut from {
            from.consumer = false;
            from.external = true;
            if from.name == target {
                from.name = format!("{}-today", from.name).as_str().into();
            }
        }
        let left = from.as_ref().map(|from| from.name.clone());
        environments.extend(from);
        let Draft { matrix, notices } = request.files.matrix("rescue", environments, left, &Disk)?;
        self.tell(notices);
        let executed = self.execute_files(matrix, name, || None)?;
        finished(&executed)?;
        self.surveyed(executed, target)
    }

    fn surveyed(&self, executed: Executed, target: EnvName) -> Result<Survey, AppError> {
        let matrix = Arc::clone(executed.matrix());
        let record = judge::judge(executed.state(), &JudgeOptions::default());
        let folder = executed.judged(&JudgeOptions::default())?.folder;
        let datasets = load_datasets(&matrix, &plan::plan(&matrix, &Selection::default())?)?;
        Ok(Survey { matrix, datasets, record, target, folder })
    }

    /// Derives inputs from the models, each in the environment that made it.
    fn probe(&mut self, survey: &Survey, cases: &mut [Case]) -> Result<(), AppError> {
        for spec in &survey.matrix.environments {
            let is_ready = survey
                .record
                .environments
                .iter()
                .any(|known| known.name == spec.name && known.lock.is_some() && !known.is_broken());
            if !spec.producer || !is_ready || spec.runtime == RuntimeSpec::UnknownProducer {
                continue;
            }
            let own = |case: &Case| {
                case.refused.is_none()
                    && case.artifact.producer == spec.name
                    && case.artifact.producer_fails.as_ref().is_none_or(lacks_inputs)
            };
            let mut errands = Vec::new();
            let mut of = Vec::new();
            for (index, case) in cases.iter().enumerate().filter(|(_, case)| own(case)) {
                let Some(bytes) = survey.datasets.get(&case.model.dataset) else { continue };
                let inputs = self.cache.put_object(bytes).map_err(crate::run::RunError::Cache)?;
                let seed = case.model.seed;
                errands.extend(case.errand(ErrandKind::Probe { inputs, seed }));
                of.push(index);
            }
            for (index, done) in of.into_iter().zip(self.errands(spec, survey, &errands)?) {
                if let ErrandDone::Probed(probes) = done {
                    cases[index].probes = probes;
                }
            }
        }
        Ok(())
    }

    /// Mends what does not work as it is.
    fn mend(&mut self, survey: &Survey, cases: &mut [Case], request: &RescueRequest) -> Result<(), AppError> {
        let Some(spec) = survey.matrix.environments.iter().find(|spec| spec.name == survey.target) else {
            return Ok(());
        };
        let (mut errands, mut of) = (Vec::new(), Vec::new());
        for (index, case) in cases.iter().enumerate().filter(|(_, case)| is_to_be_mended(case)) {
            let versions = versions(survey, case);
            let what = ErrandKind::Mend {
                versions,
                mends: MENDS,
                companions: if request.companion { COMPANIONS } else { &[] },
                allowed: self.allowed(case),
            };
            if let Some(errand) = case.errand(what) {
                errands.push(errand);
                of.push(index);
            }
        }
        for (index, done) in of.into_iter().zip(self.errands(spec, survey, &errands)?) {
            let ErrandDone::Mended(outcome, written) = done else { continue };
            let case = &mut cases[index];
            case.verified.clear();
            if !matches!(outcome, MendOutcome::Mended { .. }) {
                case.refused = Some(Refused::NotMended { outcome: outcome.clone() });
            }
            case.mended = Some((outcome, written));
        }
        Ok(())
    }

    /// The names that a file imports and that run no commands, as its bytes say; `None` where they do not say it.
    fn allowed(&self, case: &Case) -> Option<Vec<String>> {
        let file = self.cache.open_object(&case.artifact.digest?)?;
        let facts = inspect(file, InspectOptions::FACTS);
        let pickle = facts.pickle.filter(|_| facts.complete)?;
        let harmless = pickle.globals.into_iter().filter(|global| global.trust != Trust::Dangerous);
        Some(harmless.map(|global| format!("{}:{}", global.module, global.name)).collect())
    }

    /// Tries the files by ordinary cells, on their own inputs and on their probes.
    fn verify(
        &mut self,
        survey: &Survey,
        cases: &mut [Case],
        bytes: Bytes,
        name: &str,
    ) -> Result<(), AppError> {
        let which = |case: &Case| {
            let is_one = case.refused.is_none() && case.mended.is_some() == (bytes == Bytes::Mended);
            (is_one && (bytes == Bytes::Mended || !is_to_be_mended(case))).then_some(bytes)
        };
        if bytes == Bytes::Original {
            for case in cases.iter_mut().filter(|case| which(case).is_some()) {
                case.verified.extend(case.own(case.before.clone()));
            }
        }
        let cache = self.cache.clone();
        let path_of = |digest: &Digest| cache.object_path(digest);
        let object = |digest: &Digest| cache.object(digest);
        let matrix = trial_matrix(&survey.matrix, cases, &which, &path_of, &object);
        if matrix.models.is_empty() {
            return Ok(());
        }
        let folder = self.policy.reports.join(name);
        let label = match bytes {
            Bytes::Original => "probed",
            Bytes::Mended => "mended",
        };
        let executed = self.execute(Job::of_files(matrix, label.to_owned(), &folder)?)?;
        finished(&executed)?;
        let record = judge::judge(executed.state(), &JudgeOptions::default());
        executed.judged(&JudgeOptions::default())?;
        for case in cases.iter_mut().filter(|case| which(case).is_some()) {
            case.take_in(&record, &judge::tried);
        }
        Ok(())
    }

    /// Does errands in an environment; nothing where it cannot be used.
    fn errands(
        &mut self,
        spec: &EnvironmentSpec,
        survey: &Survey,
        errands: &[crate::run::Errand],
    ) -> Result<Vec<ErrandDone>, AppError> {
        if errands.is_empty() {
            return Ok(Vec::new());
        }
        let provisioner = Arc::clone(&self.provisioner);
        let limits = survey.matrix.limits;
        let silent = |_: &str| {};
        let running = run_errands(spec, limits, errands, &self.cache, provisioner, &silent);
        match self.runtime.block_on(running)? {
            Ran::Done { done, .. } => Ok(done),
            Ran::NoEnvironment { .. } => Ok(Vec::new()),
            Ran::Interrupted => Err(AppError::Interrupted),
        }
    }
}

/// The files with what they did as they are.
fn cases(survey: &Survey) -> Vec<Case> {
    let mut cases = Vec::new();
    for model in &survey.matrix.models {
        let record = &survey.record;
        let cell = record.cells.iter().find(|cell| cell.model == model.name);
        let artifact = record.artifacts.iter().find(|artifact| artifact.model == model.name);
        let format = model.formats.first().and_then(|name| survey.matrix.formats.get(name));
        let (Some(cell), Some(artifact), Some(format)) = (cell, artifact, format) else { continue };
        let before = judge::tried(cell);
        let refused = match judge::first_step(&before) {
            FirstStep::Refuse(why) => Some(why),
            FirstStep::Nothing | FirstStep::Mend => None,
        };
        let rows =
            survey.datasets.get(&model.dataset).and_then(|bytes| dataset::rows(bytes)).unwrap_or_default();
        cases.push(Case {
            model: model.clone(),
            artifact: artifact.clone(),
            format: Arc::clone(format),
            before,
            rows,
            probes: None,
            mended: None,
            verified: Vec::new(),
            refused,
        });
    }
    cases
}

/// Whether a file fails or differs as it is, on its own inputs or on its probes.
fn is_to_be_mended(case: &Case) -> bool {
    case.refused.is_none()
        && case.mended.is_none()
        && (judge::first_step(&case.before) == FirstStep::Mend
            || judge::proof(&case.verified) == Proof::Contradicted)
}

/// The releases that wrote a file, as far as they are known: what is installed in its producer, else what it declares.
fn versions(survey: &Survey, case: &Case) -> BTreeMap<String, String> {
    let producer = survey.record.environments.iter().find(|known| known.name == case.artifact.producer);
    let Some(producer) = producer.filter(|known| known.runtime != crate::vocab::Runtime::UnknownProducer)
    else {
        return BTreeMap::new();
    };
    let mut versions = producer.packages.clone();
    versions.insert("python".to_owned(), producer.python.clone());
    versions
}

fn finished(executed: &Executed) -> Result<(), AppError> {
    if executed.is_interrupted() { Err(AppError::Interrupted) } else { Ok(()) }
}
