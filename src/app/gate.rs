//! A move from one environment to another, or a matrix against what is known.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::datasets::load_matrix;
use super::disk::Disk;
use super::environments::environment;
use super::error::{AppError, RequestError};
use super::files::Draft;
use super::judging::GateJudge;
use super::known::{Opened, open};
use super::naming::run_name;
use super::outcome::Outcome;
use super::request::{FilesRequest, GateRequest, RescueRequest};
use super::session::Session;
use crate::artifact::{self, Files};
use crate::matrix::{ModelSpec, PackageSource};
use crate::present::{self, GateView};
use crate::vocab::{EnvName, ExitCode, RescueRecord};

/// What a gate is over.
#[derive(Debug)]
enum Over<'r> {
    /// A matrix that somebody wrote.
    Matrix(&'r Path),
    /// Files that move from the first to the second environment; from what they bring themselves where none is left.
    Files(Option<&'r str>, Cow<'r, str>),
}

/// What came of a gate.
#[derive(Debug)]
pub struct Gated {
    /// The judged run.
    pub outcome: Outcome,
    /// The environment that is left, where there is one.
    pub from: Option<EnvName>,
    /// The page for a pull request, and where it was written.
    pub page: (PathBuf, Vec<u8>),
    run: String,
    rescues: Vec<RescueRecord>,
    is_head: bool,
}

impl Gated {
    /// The answer, for renderers.
    pub fn view(&self) -> GateView<'_> {
        let (outcome, from) = (&self.outcome, self.from.as_ref());
        view(outcome, from, self.is_head, &self.run, &self.rescues)
    }
}

fn view<'a>(
    outcome: &'a Outcome,
    from: Option<&'a EnvName>,
    is_head: bool,
    run: &'a str,
    rescues: &'a [RescueRecord],
) -> GateView<'a> {
    GateView { record: &outcome.record, code: outcome.exit_code(), from, is_head, run, rescues }
}

impl GateRequest {
    /// Whether what is named is a matrix, or several of them.
    pub(super) fn is_over_a_matrix(&self) -> bool {
        let is_matrix = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
        self.files.artifacts.iter().any(is_matrix)
    }

    fn over(&self, files: &dyn Files) -> Result<Over<'_>, RequestError> {
        if !self.is_over_a_matrix() {
            let to = match (&self.to, &self.head) {
                (Some(to), _) => Cow::Borrowed(to.as_str()),
                (None, Some(folder)) => Cow::Owned(head(folder, files)?),
                (None, None) => return Err(RequestError::NoEnvironments),
            };
            return Ok(Over::Files(self.from.as_deref(), to));
        }
        let [path] = self.files.artifacts.as_slice() else { return Err(RequestError::SeveralMatrices) };
        if self.from.is_some() || self.to.is_some() || self.head.is_some() {
            return Err(RequestError::MatrixWithEnvironments);
        }
        if has_own_rules(&self.files) {
            return Err(RequestError::MatrixWithFileOptions);
        }
        Ok(Over::Matrix(path))
    }

    /// The matrix that it means, with the environment that is left, where there is one.
    ///
    /// # Errors
    /// When the request contradicts itself, or the matrix is invalid.
    pub fn matrix(&self, files: &dyn Files) -> Result<(Draft, Option<EnvName>), AppError> {
        let (from, to) = match self.over(files)? {
            Over::Matrix(_) if self.rescue || self.probe => return Err(RequestError::RescueOfMatrix.into()),
            Over::Matrix(path) => return Ok((Draft::of(load_matrix(path)?), None)),
            Over::Files(from, to) => (from, to),
        };
        let mut to = environment(&to, "--to", files)?;
        let Some(from) = from else {
            if self.head.is_some() {
                to.name = EnvName::from("head");
            }
            let draft = self.files.matrix("gate", vec![to], None, files)?;
            return match draft.matrix.models.iter().find_map(brings_too_little) {
                Some(file) => Err(RequestError::NothingExpected(file).into()),
                None => Ok((draft, None)),
            };
        };
        let from = environment(from, "--from", files)?;
        if to.name == from.name {
            to.name = EnvName::from(format!("{}-new", to.name));
        }
        let left = from.name.clone();
        let draft = self.files.matrix("gate", vec![from, to], Some(left.clone()), files)?;
        Ok((draft, Some(left)))
    }
}

/// The environment in which the project of a folder is tried, as a text for [`environment`].
fn head(folder: &Path, files: &dyn Files) -> Result<String, RequestError> {
    let text = folder.display().to_string();
    let is_marked = text == "." || text.starts_with(['/', '.', '~']);
    let text = if is_marked { text } else { format!("./{text}") };
    let source = PackageSource::parse(&text, Path::new("")).and_then(Result::ok);
    let package = source.and_then(|source| source.package(&|path| files.read(path).ok()));
    let package = package.ok_or_else(|| RequestError::NoProject(folder.to_owned()))?;
    Ok(format!("{package} @ {text}"))
}

/// The file of a model that does not bring what it gave where it was made, for everything that is compared.
fn brings_too_little(model: &ModelSpec) -> Option<String> {
    let file = model.source.file()?;
    let brings = artifact::all_expected(model.methods.as_deref(), &file.expected);
    // What cannot be tried at all says so itself.
    (!brings && file.refusal.is_none()).then(|| file.declared_path.clone())
}

/// Whether limits or formats are given that a matrix declares itself.
fn has_own_rules(files: &FilesRequest) -> bool {
    files.seconds.is_some()
        || files.memory_bytes.is_some()
        || files.format.is_some()
        || !files.trust.is_empty()
        || !files.allow_packages.is_empty()
}

impl Session<'_> {
    /// Judges a move, or a matrix against what is known, and writes the page for a pull request.
    ///
    /// # Errors
    /// When it cannot be started, or not recorded. What artifacts and environments do is no error.
    pub fn gate(&mut self, request: &GateRequest) -> Result<Gated, AppError> {
        let (Draft { matrix, notices }, from) = request.matrix(&Disk)?;
        self.tell(notices);
        let has_expectations = !matrix.expectations.is_empty();
        let is_matrix = from.is_none() && request.to.is_none() && request.head.is_none();
        let name = run_name(request.name.as_deref(), &matrix.name)?;
        let matrix = if request.probe { self.with_probes(matrix, &name)? } else { matrix };
        let mut judge = GateJudge { from, earlier: None, known: None, fail_on: request.fail_on.clone() };
        match request.baseline.as_ref().map(|given| open(given, &self.policy.reports)).transpose()? {
            Some(Opened::Accepted(known)) => judge.known = Some(known),
            Some(other) => judge.earlier = Some(other.baseline()),
            None if is_matrix && !has_expectations && request.fail_on.is_empty() => {
                return Err(RequestError::NothingToJudgeBy.into());
            }
            None => {}
        }
        let judge = Arc::new(judge);
        let is_head = request.head.is_some();
        let source =
            request.files.artifacts.first().filter(|_| is_matrix).map(|path| path.display().to_string());
        let executed = self.execute_files(matrix, &name, |job| {
            job.retry = request.retry.then(|| GateJudge::retry(Arc::clone(&judge)));
            job.source = source.clone();
        })?;
        let judging = judge.options(executed.state());
        let outcome = executed.judged(&judging)?;
        let run = outcome.folder.display().to_string();
        let rescues = if request.rescue { self.rescues(request, &outcome, &name)? } else { Vec::new() };
        let page = present::gate_markdown(&view(&outcome, judge.from.as_ref(), is_head, &run, &rescues));
        let path = outcome.folder.join("gate.md");
        present::write_file(&path, &page)?;
        Ok(Gated { outcome, from: judge.from.clone(), page: (path, page), run, rescues, is_head })
    }

    /// What a rescue of the files would come to, where one of them does not work any more. Nothing is written.
    fn rescues(
        &mut self,
        request: &GateRequest,
        outcome: &Outcome,
        name: &str,
    ) -> Result<Vec<RescueRecord>, AppError> {
        let (Some(from), Some(to)) = (&request.from, &request.to) else {
            return Err(RequestError::RescueOfMatrix.into());
        };
        if !outcome.record.cells.iter().any(|cell| cell.verdict.fails()) {
            return Ok(Vec::new());
        }
        let rescue = RescueRequest {
            files: request.files.clone(),
            to: to.clone(),
            from: Some(from.clone()),
            name: Some(format!("{name}-rescue")),
            ..RescueRequest::default()
        };
        let rescued = self.rescue(&rescue)?;
        if rescued.exit_code() == ExitCode::Interrupted {
            return Err(AppError::Interrupted);
        }
        Ok(rescued.items.into_iter().map(|item| item.record).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Memory, PICKLE};
    use super::*;

    fn request(artifacts: &[&str]) -> GateRequest {
        let artifacts = artifacts.iter().map(PathBuf::from).collect();
        GateRequest { files: FilesRequest { artifacts, ..FilesRequest::default() }, ..GateRequest::default() }
    }

    fn moving(from: &str, to: &str) -> GateRequest {
        GateRequest { from: Some(from.to_owned()), to: Some(to.to_owned()), ..request(&["a.pkl"]) }
    }

    #[test]
    fn files_move_from_one_environment_to_another() {
        let files = Memory::of(&[]).with("a.pkl", PICKLE);
        let (draft, from) = moving("scikit-learn==1.5.2", "scikit-learn==1.7.2").matrix(&files).unwrap();
        let names: Vec<_> = draft.matrix.environments.iter().map(|it| it.name.clone()).collect();
        assert_eq!(names.first(), from.as_ref());
        // What nothing tells the maker of was made where it is moved from.
        let file = draft.matrix.models[0].source.file().unwrap();
        assert_eq!(Some(&file.producer), from.as_ref());
        let (draft, from) = moving("scikit-learn==1.5.2", "scikit-learn==1.5.2").matrix(&files).unwrap();
        let to = &draft.matrix.environments[1].name;
        assert_eq!(to.as_str(), format!("{}-new", from.unwrap()));
    }

    #[test]
    fn a_matrix_brings_its_own_environments_and_rules() {
        let wrong = |request: &GateRequest| request.over(&Memory::of(&[])).unwrap_err();
        assert!(matches!(wrong(&request(&["a.pkl"])), RequestError::NoEnvironments));
        assert!(matches!(wrong(&request(&["a.toml", "b.toml"])), RequestError::SeveralMatrices));
        let with = GateRequest { to: Some("x".to_owned()), ..request(&["a.toml"]) };
        assert!(matches!(wrong(&with), RequestError::MatrixWithEnvironments));
        let mut limited = request(&["a.toml"]);
        limited.files.seconds = Some(1.0);
        assert!(matches!(wrong(&limited), RequestError::MatrixWithFileOptions));
        assert!(matches!(request(&["a.toml"]).over(&Memory::of(&[])), Ok(Over::Matrix(_))));
    }
}
