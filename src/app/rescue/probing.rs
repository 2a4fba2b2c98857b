//! Models that are also tried on rows that are derived from them: files, and what a run has trained.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::case::{Bytes, Case, trial_matrix};
use super::finished;
use super::survey::Survey;
use crate::app::error::AppError;
use crate::app::listener::PartStep;
use crate::app::session::{Heard, Job, Session};
use crate::format::Format;
use crate::matrix::{ExternalArtifact, Matrix, ModelSource, ModelSpec, OriginalArtifact};
use crate::plan::Selection;
use crate::state::{ArtifactFacts, RunState};
use crate::vocab::{
    ArtifactRecord, Cause, Digest, EnvName, InputsKind, ReferenceKind, Refused, Tried, Verdict,
};

impl Session<'_> {
    /// A matrix of files with further models: each of them on rows that are derived from it. Where nothing can be derived,
    /// nothing is added.
    pub(in crate::app) fn with_probes(&mut self, matrix: Matrix, name: &str) -> Result<Matrix, AppError> {
        self.in_parts(|session| {
            session.listener.step(PartStep::AsTheyAre { models: matrix.models.len() });
            let executed = session.execute_files(matrix, &unprobed(name), |_| ())?;
            finished(&executed)?;
            let survey = session.surveyed(executed, EnvName::from(""))?;
            let cases = cases_of_files(&survey);
            session.probed(&survey, cases)
        })
    }

    /// The same of what is selected of a matrix that trains models, with the selection that has the further models: each
    /// artifact in the environments that read it, on rows that are derived from what its producer has fitted.
    pub(in crate::app) fn with_probes_of_run(
        &mut self,
        matrix: Matrix,
        selection: &Selection,
        name: &str,
    ) -> Result<(Matrix, Selection), AppError> {
        self.in_parts(|session| {
            let job = Job::new(matrix, selection, unprobed(name), &session.policy.reports)?;
            session.listener.step(PartStep::AsTheyAre { models: job.plan().models.len() });
            let executed = session.execute(job)?;
            finished(&executed)?;
            let trained = session.trained(executed.matrix(), executed.state());
            let survey = session.surveyed(executed, EnvName::from(""))?;
            let mut cases = cases_of_files(&survey);
            cases.extend(trained);
            let probed = session.probed(&survey, cases)?;
            let mut selection = selection.clone();
            if !selection.models.is_empty() {
                let new = probed.models.iter().skip(survey.matrix.models.len());
                selection.models.extend(new.map(|model| model.name.to_string()));
            }
            Ok((probed, selection))
        })
    }

    /// Does something whose runs are parts of something else.
    pub(super) fn in_parts<T>(
        &mut self,
        what: impl FnOnce(&mut Self) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let heard = std::mem::replace(&mut self.heard, Heard::Part);
        let done = what(self);
        self.heard = heard;
        done
    }

    /// The matrix of a survey with the cases that have probes as further models.
    fn probed(&mut self, survey: &Survey, mut cases: Vec<Case>) -> Result<Matrix, AppError> {
        self.probe(survey, &mut cases)?;
        share(&mut cases);
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

    /// What a run has trained, as files.
    fn trained(&self, matrix: &Matrix, state: &RunState) -> Vec<Case> {
        let made: Vec<&ArtifactFacts> =
            state.artifacts().iter().filter(|facts| facts.made.is_some() && facts.file.is_none()).collect();
        made.iter().filter_map(|facts| self.trained_one(matrix, facts, &made)).collect()
    }

    /// One artifact of those that were made; none where no other one holds the fitted estimator itself, of which alone rows
    /// can be derived, or where it was damaged on purpose.
    fn trained_one(&self, matrix: &Matrix, facts: &ArtifactFacts, made: &[&ArtifactFacts]) -> Option<Case> {
        let spec = matrix.models.iter().find(|spec| spec.name == facts.id.model)?;
        let format = matrix.formats.get(&facts.id.format).filter(|format| format.intact.is_none())?;
        let of_model = || made.iter().filter(|other| other.id.model == facts.id.model);
        let is_whole = |other: &&&ArtifactFacts| {
            let format = matrix.formats.get(&other.id.format);
            other.id.producer == facts.id.producer
                && format.is_some_and(|it| it.reference == ReferenceKind::Artifact && it.intact.is_none())
        };
        let whole = of_model().find(is_whole)?;
        let (own, digest) = (facts.made.as_ref()?, whole.made.as_ref()?.digest);
        let original = OriginalArtifact { digest, format: Arc::clone(matrix.formats.get(&whole.id.format)?) };
        let mut name = spec.name.to_string();
        for (part, parts) in [
            (
                facts.id.producer.as_str(),
                of_model().map(|it| it.id.producer.as_str()).collect::<BTreeSet<_>>(),
            ),
            (facts.id.format.as_str(), of_model().map(|it| it.id.format.as_str()).collect()),
        ] {
            if parts.len() > 1 {
                name = format!("{name}.{part}");
            }
        }
        let path = self.cache.object_path(&own.digest);
        let model = ModelSpec {
            name: name.as_str().into(),
            source: ModelSource::File(Arc::new(file_of(facts, path, own.digest, original))),
            dataset: spec.inputs.clone().unwrap_or_else(|| spec.dataset.clone()),
            inputs: None,
            formats: vec![facts.id.format.clone()],
            methods: Some(own.methods.clone()),
            ..spec.clone()
        };
        Some(case_of(model, facts, own.digest, Arc::clone(format)))
    }
}

/// A trained artifact as a file.
fn file_of(
    facts: &ArtifactFacts,
    path: std::path::PathBuf,
    digest: Digest,
    original: OriginalArtifact,
) -> ExternalArtifact {
    let is_itself = original.digest == digest;
    ExternalArtifact {
        path,
        declared_path: facts.id.to_string(),
        digest: Some(digest),
        packed: None,
        producer: facts.id.producer.clone(),
        inputs: InputsKind::Given,
        inputs_from: String::new(),
        inputs_file: None,
        registered: None,
        runs_commands: false,
        inferred: Vec::new(),
        modules: Vec::new(),
        packages: BTreeMap::new(),
        proved: BTreeMap::new(),
        imports: BTreeMap::new(),
        own_modules: BTreeSet::new(),
        given_modules: None,
        other_pythons: Vec::new(),
        refusal: None,
        foreign: None,
        original: (!is_itself).then(|| Arc::new(original)),
        probes: None,
        expected: BTreeMap::new(),
        expected_from: None,
        asked: Vec::new(),
        notes: Vec::new(),
    }
}

/// The name of the run that comes first.
fn unprobed(name: &str) -> String {
    format!("{name}-unprobed")
}

/// The files of a survey.
fn cases_of_files(survey: &Survey) -> Vec<Case> {
    let mut cases = survey.cases();
    cases.retain(|case| case.file().is_some());
    for case in &mut cases {
        // One environment that cannot be made keeps a file from being tried there, and from nothing else.
        case.refused = case.refused.take().filter(|why| *why != Refused::NotTried);
    }
    cases
}

/// A trained artifact on its way.
fn case_of(model: ModelSpec, facts: &ArtifactFacts, digest: Digest, format: Arc<Format>) -> Case {
    let artifact = ArtifactRecord {
        id: facts.id.to_string(),
        model: facts.id.model.clone(),
        format: facts.id.format.clone(),
        producer: facts.id.producer.clone(),
        digest: Some(digest),
        size: None,
        train_seconds: None,
        save_seconds: None,
        absence: None,
        producer_fails: None,
        made_up: None,
        as_categories: false,
        file: None,
    };
    let (verdict, cause) = (Verdict::Unverified, Cause::LoadOnly);
    let before = Tried { verdict, cause, error: None, rule: None, outputs: Default::default() };
    Case::new(model, artifact, format, before)
}

/// Gives what was derived from one artifact to the others that hold the same fitted model in other formats.
fn share(cases: &mut [Case]) {
    for index in 0..cases.len() {
        let original = cases[index].file().and_then(|file| file.original.clone());
        let Some(original) = original.filter(|_| cases[index].probes.is_none()) else { continue };
        let of = cases.iter().find(|case| case.artifact.digest == Some(original.digest));
        cases[index].probes = of.and_then(|case| case.probes.clone());
    }
}
