//! What is known of files after they were tried as they are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::case::Case;
use crate::dataset;
use crate::judge::{self, FirstStep};
use crate::matrix::{EnvironmentSpec, Matrix};
use crate::vocab::{EnvName, Record};

/// The first trial, as a value.
pub(super) struct Survey {
    pub matrix: Arc<Matrix>,
    /// The encoded datasets of its models, by name.
    pub datasets: BTreeMap<String, Vec<u8>>,
    pub record: Record,
    pub target: EnvName,
    pub folder: PathBuf,
}

impl Survey {
    /// The environment that is to read the files.
    pub fn target_spec(&self) -> Option<&EnvironmentSpec> {
        self.matrix.environments.iter().find(|spec| spec.name == self.target)
    }

    /// The files with what they did as they are.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for model in &self.matrix.models {
            let record = &self.record;
            let cell = record.cells.iter().find(|cell| cell.model == model.name);
            let artifact = record.artifacts.iter().find(|artifact| artifact.model == model.name);
            let format = model.formats.first().and_then(|name| self.matrix.formats.get(name));
            let (Some(cell), Some(artifact), Some(format)) = (cell, artifact, format) else { continue };
            let before = judge::tried(cell);
            let refused = match judge::first_step(&before) {
                FirstStep::Refuse(why) => Some(why),
                FirstStep::Nothing | FirstStep::Mend => None,
            };
            let mut case = Case::new(model.clone(), artifact.clone(), Arc::clone(format), before);
            case.rows = self.rows(&model.dataset);
            case.refused = refused;
            cases.push(case);
        }
        cases
    }

    fn rows(&self, dataset: &str) -> u64 {
        self.datasets.get(dataset).and_then(|bytes| dataset::rows(bytes)).unwrap_or_default()
    }
}
