//! A matrix is run.

use super::datasets::load_matrix;
use super::error::AppError;
use super::files::Draft;
use super::known::open;
use super::listener::Notice;
use super::naming::run_name;
use super::outcome::Outcome;
use super::promised::statements;
use super::request::RunRequest;
use super::session::{Job, Session};
use crate::judge::JudgeOptions;
use crate::plan::Plan;

impl Session<'_> {
    /// Tries every selected artifact of a matrix in every selected environment.
    ///
    /// # Errors
    /// When it cannot be started, or not recorded. What artifacts and environments do is no error.
    pub fn run(&mut self, request: &RunRequest) -> Result<Outcome, AppError> {
        let Draft { matrix, notices } = Draft::of(load_matrix(&request.matrix)?);
        let name = run_name(request.name.as_deref(), &matrix.name)?;
        self.tell(notices);
        let (matrix, selection) = match request.probe {
            true => self.with_probes_of_run(matrix, &request.selection, &name)?,
            false => (matrix, request.selection.clone()),
        };
        let mut job = Job::new(matrix, &selection, name, &self.policy.reports)?;
        job.source = Some(request.matrix.display().to_string());
        // The baseline is read first: this run may take its place.
        let known = request.baseline.as_ref().map(|given| open(given, &self.policy.reports)).transpose()?;
        let judging = JudgeOptions {
            fail_on: request.fail_on.clone(),
            baseline: known.map(|known| known.baseline()),
            forecast: request.forecast,
        };
        self.tell(documented(job.plan()));
        self.execute(job)?.judged(&judging)
    }
}

/// What is documented about the pairs of a plan, in numbers.
fn documented(plan: &Plan) -> Vec<Notice> {
    let notice = |stated: super::promised::Stated<'_>| Notice::Documented {
        title: stated.promise.title.clone(),
        works: stated.pairs.iter().filter(|pair| pair.statement.promised == Some(true)).count(),
        pairs: stated.pairs.len(),
    };
    statements(plan).into_iter().map(notice).collect()
}
