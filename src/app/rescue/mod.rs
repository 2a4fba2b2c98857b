//! A file that works in another environment, with proof: it is tried as it is, its states are mended in the target's own
//! interpreter, and what came of that is tried by ordinary cells against what its producer gives. Nothing is believed that
//! was not verified.

mod case;
mod errands;
mod keep;
mod places;
mod probing;
mod survey;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use super::datasets::load_datasets;
use super::disk::Disk;
use super::environments::environment;
use super::error::AppError;
use super::files::Draft;
use super::formats;
use super::listener::PartStep;
use super::naming::run_name;
use super::request::RescueRequest;
use super::session::{Executed, Job, Session};
use crate::artifact;
use crate::explain::COMPANIONS;
use crate::format::{self, Format};
use crate::judge::{self, JudgeOptions, Proof};
use crate::plan::{self, Selection};
use crate::vocab::{Digest, EnvName, ExitCode, Holds, LeftOut, RescueRecord};
use case::{Bytes, Case, is_to_be_mended, may_refuse_gaps, may_take_companions, trial_matrix};
use errands::holds;
use places::is_own;
use survey::Survey;

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

impl Session<'_> {
    /// Rescues files.
    ///
    /// # Errors
    /// When it cannot be started, recorded or written. What files and environments do is no error.
    pub fn rescue(&mut self, request: &RescueRequest) -> Result<Rescued, AppError> {
        let name = run_name(request.name.as_deref(), "rescue")?;
        let wanted = formats::written(request.format.as_deref())?;
        self.in_parts(|session| session.rescued(request, &name, wanted.as_ref()))
    }

    fn rescued(
        &mut self,
        request: &RescueRequest,
        name: &str,
        wanted: Option<&Arc<Format>>,
    ) -> Result<Rescued, AppError> {
        let survey = self.survey(request, name, wanted.map(|wanted| &**wanted))?;
        let mut cases = survey.cases();
        self.places(&mut cases, request, wanted)?;
        match self.brought(&survey, &mut cases, request, name, wanted) {
            // What is finished stays, and is told.
            Err(AppError::Interrupted) => cases.iter_mut().for_each(|case| case.interrupt(wanted.is_some())),
            other => other?,
        }
        self.written(&survey, cases, request)
    }

    /// Brings files from what they do as they are to a verdict about what was made of them.
    fn brought(
        &mut self,
        survey: &Survey,
        cases: &mut [Case],
        request: &RescueRequest,
        name: &str,
        wanted: Option<&Arc<Format>>,
    ) -> Result<(), AppError> {
        self.probe(survey, cases)?;
        // A translation is made of the file as it is, where it works: what it does in the target changes nothing.
        if wanted.is_none_or(|wanted| holds(wanted) == Holds::Estimator) {
            self.verify(survey, cases, Bytes::Original, name)?;
            self.mend(survey, cases, is_to_be_mended, &[])?;
        }
        self.made(survey, cases, name, wanted)?;
        if request.companion { self.with_companions(survey, cases, name, wanted) } else { Ok(()) }
    }

    /// Brings what was mended into the format that is wanted, and tries what came of it.
    fn made(
        &mut self,
        survey: &Survey,
        cases: &mut [Case],
        name: &str,
        wanted: Option<&Arc<Format>>,
    ) -> Result<(), AppError> {
        if let Some(wanted) = wanted {
            self.translate(survey, cases, wanted)?;
        }
        self.verify(survey, cases, Bytes::New, name)?;
        self.verify_without_gaps(survey, cases, name)
    }

    /// Mends again, with classes that travel beside the file, what the target's own classes cannot express.
    fn with_companions(
        &mut self,
        survey: &Survey,
        cases: &mut [Case],
        name: &str,
        wanted: Option<&Arc<Format>>,
    ) -> Result<(), AppError> {
        let mut some: Vec<Case> =
            cases.iter().filter(|case| may_take_companions(case)).map(Case::before_mending).collect();
        if some.is_empty() {
            return Ok(());
        }
        self.mend(survey, &mut some, |_| true, &COMPANIONS)?;
        self.made(survey, &mut some, &format!("{name}/with-companions"), wanted)?;
        for new in some {
            if let Some(case) = cases.iter_mut().find(|case| case.model.name == new.model.name) {
                *case = new;
            }
        }
        Ok(())
    }

    /// Tries the files as they are.
    fn survey(
        &mut self,
        request: &RescueRequest,
        name: &str,
        wanted: Option<&Format>,
    ) -> Result<Survey, AppError> {
        let mut to = environment(&request.to, "--to", &Disk)?;
        if let Some(reading) = wanted.and_then(|wanted| format::handler(&wanted.handler)) {
            let packages = reading.packages.iter().map(|package| ((*package).to_owned(), None)).collect();
            artifact::add_packages(std::slice::from_mut(&mut to), &packages);
        }
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
        let Draft { mut matrix, notices } = request.files.matrix("rescue", environments, left, &Disk)?;
        self.tell(notices);
        if let Some(output) = &request.output {
            matrix.models.retain(|model| !model.source.file().is_some_and(|file| is_own(&file.path, output)));
        }
        self.listener.step(PartStep::AsTheyAre { models: matrix.models.len() });
        let executed = self.execute_files(matrix, name, |_| ())?;
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

    /// Tries again what may have refused nothing but missing or unknown values, on rows without them: an error misleads
    /// nobody, and is said.
    fn verify_without_gaps(
        &mut self,
        survey: &Survey,
        cases: &mut [Case],
        name: &str,
    ) -> Result<(), AppError> {
        let mut some: Vec<Case> = cases.iter().filter(|case| may_refuse_gaps(case)).cloned().collect();
        if some.is_empty() {
            return Ok(());
        }
        for case in &mut some {
            case.refuses_gaps = true;
            case.probes = None;
            case.verified.clear();
        }
        self.probe(survey, &mut some)?;
        self.verify(survey, &mut some, Bytes::New, &format!("{name}/without-gaps"))?;
        let is_proven = |case: &Case| case.probes.is_some() && judge::proof(&case.verified) == Proof::Proven;
        for new in some.into_iter().filter(is_proven) {
            if let Some(case) = cases.iter_mut().find(|case| case.model.name == new.model.name) {
                *case = new;
            }
        }
        Ok(())
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
            let is_one = case.refused.is_none() && case.new_bytes().is_some() == (bytes == Bytes::New);
            (is_one && (bytes == Bytes::New || !is_to_be_mended(case))).then_some(bytes)
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
        let models = cases.iter().filter(|case| which(case).is_some()).count();
        self.listener.step(match bytes {
            Bytes::Original => PartStep::OnProbes { models },
            Bytes::New => PartStep::Made { models },
        });
        let folder = self.policy.reports.join(name);
        let label = match bytes {
            Bytes::Original => "probed",
            Bytes::New => "made",
        };
        let executed = self.execute(Job::of_files(matrix, label.to_owned(), &folder)?)?;
        let ended = finished(&executed);
        let record = judge::judge(executed.state(), &JudgeOptions::default());
        executed.judged(&JudgeOptions::default())?;
        for case in cases.iter_mut().filter(|case| which(case).is_some()) {
            case.take_in(&record, &judge::tried);
        }
        ended
    }
}

fn finished(executed: &Executed) -> Result<(), AppError> {
    if executed.is_interrupted() { Err(AppError::Interrupted) } else { Ok(()) }
}
