//! Files that exist already, against environments.

use super::disk::Disk;
use super::environments::{environments, joined};
use super::error::AppError;
use super::files::Draft;
use super::naming::run_name;
use super::outcome::Outcome;
use super::request::CheckRequest;
use super::session::Session;
use crate::artifact::Files;
use crate::judge::JudgeOptions;
use crate::matrix::EnvironmentSpec;
use crate::vocab::Verdict;

/// Where files are tried that nobody names an environment for: what is released, and what is coming.
const NEWEST: [&str; 2] = ["scikit-learn==latest", "scikit-learn==pre"];

impl CheckRequest {
    /// The matrix that it means.
    ///
    /// # Errors
    /// When the request contradicts itself, or inputs cannot be read.
    pub fn matrix(&self, files: &dyn Files) -> Result<Draft, AppError> {
        let newest = NEWEST.map(str::to_owned);
        let texts: &[String] = if self.on.is_empty() { &newest } else { &self.on };
        let mut consumers: Vec<EnvironmentSpec> = Vec::new();
        for text in texts {
            consumers.extend(environments(text, files)?);
        }
        self.files.matrix("check", joined(consumers), None, files)
    }

    /// What it judges by: every failure counts.
    pub fn judging() -> JudgeOptions {
        JudgeOptions { fail_on: Verdict::FAILURES.to_vec(), baseline: None, forecast: false }
    }
}

impl Session<'_> {
    /// Tries files in environments.
    ///
    /// # Errors
    /// When it cannot be started, or not recorded. What files and environments do is no error.
    pub fn check(&mut self, request: &CheckRequest) -> Result<Outcome, AppError> {
        let Draft { matrix, notices } = request.matrix(&Disk)?;
        self.tell(notices);
        let name = run_name(request.name.as_deref(), &matrix.name)?;
        let matrix = if request.probe { self.with_probes(matrix, &name)? } else { matrix };
        self.execute_files(matrix, &name, |_| ())?.judged(&CheckRequest::judging())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Memory, PICKLE};
    use super::super::request::FilesRequest;
    use super::*;

    #[test]
    fn each_environment_is_tried_once() {
        let files = Memory::of(&[]).with("a.pkl", PICKLE);
        let request = CheckRequest {
            files: FilesRequest { artifacts: vec!["a.pkl".into()], ..FilesRequest::default() },
            on: vec!["scikit-learn==1.5.2,1.7.2".to_owned(), "scikit-learn==1.7.2".to_owned()],
            ..CheckRequest::default()
        };
        let matrix = request.matrix(&files).unwrap().matrix;
        let readers = matrix.environments.iter().filter(|environment| environment.consumer);
        assert_eq!(readers.count(), 2);
        assert_eq!(matrix.name, "check");
        let without = CheckRequest { on: Vec::new(), ..request };
        let matrix = without.matrix(&files).unwrap().matrix;
        let names: Vec<&str> =
            matrix.environments.iter().filter(|it| it.consumer).map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["sklatest", "skpre"]);
    }
}
