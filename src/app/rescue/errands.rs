//! What is done to files beside running them: inputs are derived, states are mended, formats are changed. Each happens in
//! the environment that can do it, and nothing is judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::case::{Case, Translated};
use super::survey::Survey;
use crate::app::error::AppError;
use crate::app::listener::PartStep;
use crate::app::session::Session;
use crate::explain::MENDS;
use crate::format::{self, Format};
use crate::inspect::{InspectOptions, inspect};
use crate::matrix::{EnvironmentSpec, RuntimeSpec};
use crate::run::{Errand, ErrandDone, ErrandKind, Errands, Ran, RunError, run_errands};
use crate::vocab::{Digest, EnvName, Holds, MendOutcome, Outcome, Refused, Runtime, TranslateOutcome, Trust};

/// An errand of each of some files, by their places in the list of cases.
#[derive(Default)]
struct Round {
    groups: Vec<Errands>,
    of: Vec<Vec<usize>>,
}

impl Round {
    /// Adds an errand in an environment.
    fn add(&mut self, spec: &EnvironmentSpec, case: usize, errand: Errand) {
        let known = self.groups.iter().position(|group| group.spec == *spec);
        let at = known.unwrap_or_else(|| {
            self.groups.push(Errands { spec: spec.clone(), errands: Vec::new() });
            self.of.push(Vec::new());
            self.groups.len() - 1
        });
        self.groups[at].errands.push(errand);
        self.of[at].push(case);
    }
}

/// What came of an errand of a case: that, or why its environment could not be used.
type Came = (usize, Result<ErrandDone, String>);

impl Session<'_> {
    /// Derives inputs from the models, each in the environment that made it: with missing values and such as it has never
    /// seen, as far as it takes them, except of those of which it is known that the target refuses them.
    pub(super) fn probe(&mut self, survey: &Survey, cases: &mut [Case]) -> Result<(), AppError> {
        let mut round = Round::default();
        let is_open = |case: &Case| case.refused.is_none() && case.probes.is_none();
        for (index, case) in cases.iter().enumerate().filter(|(_, case)| is_open(case)) {
            let is_fit = case.artifact.producer_fails.as_ref().is_none_or(lacks_inputs);
            let Some(spec) = maker(survey, case).filter(|_| is_fit) else { continue };
            let Some(inputs) = self.inputs(survey, case)? else { continue };
            let what = ErrandKind::Probe { inputs, seed: case.model.seed, gaps: !case.refuses_gaps };
            if let Some(errand) = case.errand(what) {
                round.add(spec, index, errand);
            }
        }
        self.step(&round, |models| PartStep::Deriving { models });
        for (index, done) in self.done(survey, round)? {
            if let Ok(ErrandDone::Probed(probes)) = done {
                cases[index].probes = probes;
            }
        }
        Ok(())
    }

    /// Mends what is to be, with classes that travel beside the file where some are given.
    pub(super) fn mend(
        &mut self,
        survey: &Survey,
        cases: &mut [Case],
        which: impl Fn(&Case) -> bool,
        companions: &'static [(&'static str, &'static str)],
    ) -> Result<(), AppError> {
        let Some(spec) = survey.target_spec() else { return Ok(()) };
        let mut round = Round::default();
        for (index, case) in cases.iter().enumerate().filter(|(_, case)| which(case)) {
            let what = ErrandKind::Mend {
                versions: versions(survey, case),
                mends: &MENDS,
                companions,
                allowed: self.allowed(case),
            };
            if let Some(errand) = case.errand(what) {
                round.add(spec, index, errand);
            }
        }
        self.step(&round, |models| PartStep::Mending { models });
        for (index, done) in self.done(survey, round)? {
            let Ok(ErrandDone::Mended(outcome, written)) = done else { continue };
            let case = &mut cases[index];
            case.verified.clear();
            if !matches!(outcome, MendOutcome::Mended { .. }) {
                case.refused = Some(Refused::NotMended { outcome: outcome.clone() });
            }
            case.mended = Some((outcome, written));
        }
        Ok(())
    }

    /// Writes the files in another format: what holds the estimator itself in the target, from what can be read there; a
    /// translation in the environment that made the file, from the file as it is.
    pub(super) fn translate(
        &mut self,
        survey: &Survey,
        cases: &mut [Case],
        wanted: &Arc<Format>,
    ) -> Result<(), AppError> {
        let holds = holds(wanted);
        let mut round = Round::default();
        for (index, case) in cases.iter_mut().enumerate().filter(|(_, case)| case.refused.is_none()) {
            let spec = match holds {
                Holds::Translation => maker(survey, case),
                Holds::Estimator => None,
            };
            let Some(spec) = spec.or_else(|| survey.target_spec()) else { continue };
            let spec = with_writer(spec, wanted);
            let bytes = case.new_bytes().map(|(digest, _)| digest).or(case.artifact.digest);
            let modules = case.new_modules();
            if let Some(given) = &modules {
                self.cache.put_known_object(&given.digest, &given.bytes).map_err(RunError::Cache)?;
            }
            let Some(inputs) = self.inputs(survey, case)? else { continue };
            let what = ErrandKind::Translate { to: Arc::clone(wanted), holds, inputs, seed: case.model.seed };
            let modules = modules.map(|given| given.digest);
            let Some(errand) = bytes.and_then(|bytes| case.errand_on(bytes, modules, what)) else { continue };
            let (format, written_in) = (Arc::clone(wanted), spec.name.clone());
            let outcome = TranslateOutcome::NotMade { reason: String::new() };
            case.translated = Some(Translated { format, written_in, outcome, written: None });
            case.verified.clear();
            round.add(&spec, index, errand);
        }
        self.step(&round, |models| PartStep::Translating { models });
        for (index, done) in self.done(survey, round)? {
            let (outcome, written) = match done {
                Ok(ErrandDone::Translated(outcome, written)) => (outcome, written),
                Ok(_) => continue,
                Err(reason) => (TranslateOutcome::NotMade { reason }, None),
            };
            if let Some(translated) = &mut cases[index].translated {
                (translated.outcome, translated.written) = (outcome, written);
            }
        }
        for case in cases.iter_mut().filter(|case| case.refused.is_none()) {
            let outcome = case.translated.as_ref().map(|translated| translated.outcome.clone());
            case.refused = match outcome {
                Some(TranslateOutcome::Written { .. }) => None,
                Some(outcome) => Some(Refused::NotTranslated { outcome }),
                None => Some(Refused::NotTried),
            };
        }
        Ok(())
    }

    /// The inputs of a case, in the store.
    fn inputs(&self, survey: &Survey, case: &Case) -> Result<Option<Digest>, AppError> {
        let Some(bytes) = survey.datasets.get(&case.model.dataset) else { return Ok(None) };
        Ok(Some(self.cache.put_object(bytes).map_err(RunError::Cache)?))
    }

    /// The names that a file imports and that run no commands, as its bytes say; `None` where they do not say it.
    fn allowed(&self, case: &Case) -> Option<Vec<String>> {
        let file = self.cache.open_object(&case.artifact.digest?)?;
        let facts = inspect(file, InspectOptions::FACTS);
        let pickle = facts.pickle.filter(|_| facts.complete)?;
        let harmless = pickle.globals.into_iter().filter(|global| global.trust != Trust::Dangerous);
        Some(harmless.map(|global| format!("{}:{}", global.module, global.name)).collect())
    }

    fn step(&mut self, round: &Round, step: impl Fn(usize) -> PartStep) {
        let models = round.of.iter().map(Vec::len).sum();
        if models > 0 {
            self.listener.step(step(models));
        }
    }

    /// Does errands, as many side by side as the policy says.
    fn done(&mut self, survey: &Survey, round: Round) -> Result<Vec<Came>, AppError> {
        let Round { groups, of } = round;
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let provisioner = Arc::clone(&self.provisioner);
        let (limits, jobs) = (survey.matrix.limits, self.policy.jobs());
        let running = run_errands(groups, limits, jobs, &self.cache, provisioner);
        let ran = self.runtime.block_on(running)?.ok_or(AppError::Interrupted)?;
        let mut came = Vec::new();
        for (of, ran) in of.into_iter().zip(ran) {
            match ran {
                Ran::Done(done) => came.extend(of.into_iter().zip(done.into_iter().map(Ok))),
                Ran::NoEnvironment { reason, .. } => {
                    came.extend(of.into_iter().map(|index| (index, Err(reason.clone()))));
                }
            }
        }
        Ok(came)
    }
}

/// What a file of a format holds. What a matrix declares holds whatever its handler writes.
pub(super) fn holds(format: &Format) -> Holds {
    format::handler(&format.handler).map_or(Holds::Estimator, |handler| handler.holds)
}

/// The environment that made a file, where it could be made again.
fn maker<'a>(survey: &'a Survey, case: &Case) -> Option<&'a EnvironmentSpec> {
    let is_made = |name: &EnvName| {
        let mut known = survey.record.environments.iter().filter(|known| known.name == *name);
        known.any(|known| known.lock.is_some() && !known.is_broken())
    };
    survey.matrix.environments.iter().find(|spec| {
        spec.name == case.artifact.producer
            && spec.producer
            && spec.runtime != RuntimeSpec::UnknownProducer
            && is_made(&spec.name)
    })
}

/// An environment with what writing a format takes, where shelflife installs its packages.
fn with_writer(spec: &EnvironmentSpec, wanted: &Format) -> EnvironmentSpec {
    let writing = format::handler(&wanted.handler).and_then(|handler| handler.writing).unwrap_or_default();
    let mut with = spec.clone();
    let packages = writing.iter().map(|package| ((*package).to_owned(), None)).collect();
    if matches!(with.runtime, RuntimeSpec::Venv { .. }) && with.add_extras(&packages) {
        with.name = format!("{}-{}", spec.name, wanted.name).as_str().into();
    }
    with
}

/// The releases that wrote a file, as far as they are known: what is installed in its producer, else what it declares.
fn versions(survey: &Survey, case: &Case) -> BTreeMap<String, String> {
    let producer = survey.record.environments.iter().find(|known| known.name == case.artifact.producer);
    let Some(producer) = producer.filter(|known| known.runtime != Runtime::UnknownProducer) else {
        return BTreeMap::new();
    };
    let mut versions = producer.packages.clone();
    // Mends name a package as it is imported.
    let imported = producer.packages.iter().map(|(name, version)| (name.replace('-', "_"), version.clone()));
    versions.extend(imported);
    versions.insert("python".to_owned(), producer.python.clone());
    versions
}

/// Whether a producer fails for want of inputs alone, which probes can give it.
pub(super) const fn lacks_inputs(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unfit { .. })
}
