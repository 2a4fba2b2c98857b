//! One file on its way through a rescue.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::artifact::with_modules;
use crate::explain::COMPANIONS;
use crate::format::Format;
use crate::matrix::{ExternalArtifact, Matrix, ModelSource, ModelSpec, OriginalArtifact};
use crate::present;
use crate::run::{Errand, ErrandKind};
use crate::vocab::{
    ArtifactRecord, Digest, InputsKind, InputsOrigin, MendOutcome, Probes, Record, Refused, Tried,
    Verification,
};

/// What is known of one file.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The model that it is in the matrix of the rescue.
    pub model: ModelSpec,
    /// Its bytes.
    pub artifact: ArtifactRecord,
    /// Its format.
    pub format: Arc<Format>,
    /// What it did in the target as it is.
    pub before: Tried,
    /// Rows of its inputs.
    pub rows: u64,
    /// Inputs that were derived from it.
    pub probes: Option<(Probes, Digest)>,
    /// What mending it came to, with the digest and size of what was written.
    pub mended: Option<(MendOutcome, Option<(Digest, u64)>)>,
    /// What the file that counts was verified on: the mended one, or itself.
    pub verified: Vec<Verification>,
    /// Why nothing more is tried.
    pub refused: Option<Refused>,
}

/// Which bytes of a case are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Those that are to be rescued.
    Original,
    /// Those that were mended.
    Mended,
}

/// What stands behind the name of a model that predicts on probes.
const PROBES: &str = "probes";

impl Case {
    /// The file that it is; a rescue is of files only.
    pub fn file(&self) -> Option<&Arc<ExternalArtifact>> {
        match &self.model.source {
            ModelSource::File(file) => Some(file),
            ModelSource::Expression(_) | ModelSource::Recipe { .. } => None,
        }
    }

    /// What is to be done to its bytes, where they are in the store.
    pub fn errand(&self, what: ErrandKind) -> Option<Errand> {
        let file = self.file()?;
        Some(Errand {
            artifact: self.artifact.digest?,
            format: Arc::clone(&self.format),
            modules: file.given_modules.as_ref().map(|given| given.digest),
            imports: file.modules.clone(),
            what,
        })
    }

    /// The models that try its bytes: on its own inputs, and on its probes. What it did as it is on its own inputs is
    /// known already.
    pub fn trials(&self, bytes: Bytes, path_of: &dyn Fn(&Digest) -> std::path::PathBuf) -> Vec<ModelSpec> {
        let Some(file) = self.file() else { return Vec::new() };
        let mut tried = (**file).clone();
        if bytes == Bytes::Mended {
            let (Some((_, Some((digest, _)))), Some(original)) = (&self.mended, self.artifact.digest) else {
                return Vec::new();
            };
            tried.path = path_of(digest);
            tried.digest = Some(*digest);
            tried.packed = None;
            if let Some((MendOutcome::Mended { companions, .. }, _)) = &self.mended
                && !companions.is_empty()
            {
                let beside: Vec<(&str, &str)> = COMPANIONS
                    .iter()
                    .filter(|(name, _)| companions.iter().any(|it| it == name))
                    .copied()
                    .collect();
                // What was given was packed by this program.
                tried.given_modules = with_modules(tried.given_modules.as_ref(), &beside).ok();
            }
            tried.original =
                Some(Arc::new(OriginalArtifact { digest: original, format: Arc::clone(&self.format) }));
        }
        let mut trials = Vec::new();
        if bytes == Bytes::Mended {
            trials
                .push(ModelSpec { source: ModelSource::File(Arc::new(tried.clone())), ..self.model.clone() });
        }
        if let Some((probes, dataset)) = &self.probes {
            tried.inputs = InputsKind::Given;
            tried.inputs_from = present::probes_words(probes);
            tried.expected = BTreeMap::new();
            trials.push(ModelSpec {
                name: self.probes_name().as_str().into(),
                source: ModelSource::File(Arc::new(tried)),
                dataset: dataset_name(dataset),
                inputs: None,
                ..self.model.clone()
            });
        }
        trials
    }

    fn probes_name(&self) -> String {
        format!("{}.{PROBES}", self.model.name)
    }

    /// The verification of its own inputs by what it did there.
    pub fn own(&self, tried: Tried) -> Option<Verification> {
        let file = self.file()?;
        let origin = match file.inputs {
            InputsKind::Given => InputsOrigin::Given,
            InputsKind::Synthetic => InputsOrigin::Random,
            InputsKind::None => InputsOrigin::None,
        };
        Some(Verification { origin, from: file.inputs_from.clone(), rows: self.rows, tried })
    }

    /// Takes in what a run says of it.
    pub fn take_in(&mut self, record: &Record, tried: &dyn Fn(&crate::vocab::CellRecord) -> Tried) {
        let cell = |name: &str| record.cells.iter().find(|cell| cell.model.as_str() == name);
        let own = cell(self.model.name.as_str()).and_then(|cell| self.own(tried(cell)));
        let probes = self.probes.as_ref().and_then(|(probes, _)| {
            let cell = cell(&self.probes_name())?;
            let (from, rows) = (PROBES.to_owned(), probes.rows);
            Some(Verification { origin: InputsOrigin::Probes, from, rows, tried: tried(cell) })
        });
        self.verified.extend(own);
        self.verified.extend(probes);
    }
}

/// The name of the dataset of probes.
fn dataset_name(digest: &Digest) -> String {
    format!("{PROBES}-{}", digest.short())
}

/// A matrix of the trials of cases, with the datasets of their probes.
pub(super) fn trial_matrix(
    matrix: &Matrix,
    cases: &[Case],
    which: &dyn Fn(&Case) -> Option<Bytes>,
    path_of: &dyn Fn(&Digest) -> std::path::PathBuf,
    object: &dyn Fn(&Digest) -> Option<Vec<u8>>,
) -> Matrix {
    let mut trial = Matrix { models: Vec::new(), refused: Vec::new(), ..matrix.clone() };
    for case in cases {
        let Some(bytes) = which(case) else { continue };
        trial.models.extend(case.trials(bytes, path_of));
        if let Some((_, dataset)) = &case.probes {
            trial.given.extend(object(dataset).map(|bytes| (dataset_name(dataset), bytes)));
        }
    }
    for environment in &mut trial.environments {
        let is_producer =
            |model: &ModelSpec| model.source.file().is_some_and(|file| file.producer == environment.name);
        environment.producer = trial.models.iter().any(is_producer);
    }
    trial
}
