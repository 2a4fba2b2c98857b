//! Files that are also tried on rows that are derived from them.

use super::case::{Bytes, Case, trial_matrix};
use super::finished;
use crate::app::error::AppError;
use crate::app::session::{Heard, Session};
use crate::matrix::Matrix;
use crate::vocab::{Digest, EnvName, Refused};

impl Session<'_> {
    /// A matrix of files with further models: each of them on rows that are derived from it. Where nothing can be derived,
    /// nothing is added.
    pub(in crate::app) fn with_probes(&mut self, matrix: Matrix, name: &str) -> Result<Matrix, AppError> {
        let heard = std::mem::replace(&mut self.heard, Heard::Part);
        let probed = self.probed(matrix, name);
        self.heard = heard;
        probed
    }

    fn probed(&mut self, matrix: Matrix, name: &str) -> Result<Matrix, AppError> {
        let executed = self.execute_files(matrix, &format!("{name}-unprobed"), || None)?;
        finished(&executed)?;
        let survey = self.surveyed(executed, EnvName::from(""))?;
        let mut cases = survey.cases();
        for case in &mut cases {
            // One environment that cannot be made keeps a file from being tried there, and from nothing else.
            case.refused = case.refused.take().filter(|why| *why != Refused::NotTried);
        }
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
}
