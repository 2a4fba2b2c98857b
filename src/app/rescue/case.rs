//! One file on its way through a rescue.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::artifact::with_modules;
use crate::explain::COMPANIONS;
use crate::format::Format;
use crate::judge::{self, FirstStep, Proof};
use crate::matrix::{ExternalArtifact, GivenModules, Matrix, ModelSource, ModelSpec, OriginalArtifact};
use crate::run::{Errand, ErrandKind};
use crate::vocab::{
    ArtifactRecord, Digest, EnvName, InputsKind, InputsOrigin, MendOutcome, Probes, Record, Refused,
    TranslateOutcome, Tried, Verdict, Verification,
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
    /// Where the new file is to stand, where one is to be written.
    pub place: Option<PathBuf>,
    /// Inputs that were derived from it.
    pub probes: Option<(Probes, Digest)>,
    /// Whether the target refuses missing or unknown values that its producer takes, with an error.
    pub refuses_gaps: bool,
    /// What mending it came to, with the digest and size of what was written.
    pub mended: Option<(MendOutcome, Option<(Digest, u64)>)>,
    /// What writing it in another format came to, where one was asked for.
    pub translated: Option<Translated>,
    /// What the file that counts was verified on: the new one, or itself.
    pub verified: Vec<Verification>,
    /// Why nothing more is tried.
    pub refused: Option<Refused>,
}

/// A file in another format.
#[derive(Clone, Debug)]
pub(super) struct Translated {
    /// The format.
    pub format: Arc<Format>,
    /// The environment that wrote it.
    pub written_in: EnvName,
    /// What it came to.
    pub outcome: TranslateOutcome,
    /// Digest and size of what was written.
    pub written: Option<(Digest, u64)>,
}

/// Which bytes of a case are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Those that are to be rescued.
    Original,
    /// Those that were made of them.
    New,
}

/// What stands behind the name of a model that predicts on probes.
const PROBES: &str = "probes";

impl Case {
    /// A file that was tried as it is, and of which nothing more is known.
    pub fn new(model: ModelSpec, artifact: ArtifactRecord, format: Arc<Format>, before: Tried) -> Self {
        Self {
            model,
            artifact,
            format,
            before,
            rows: 0,
            place: None,
            probes: None,
            refuses_gaps: false,
            mended: None,
            translated: None,
            verified: Vec::new(),
            refused: None,
        }
    }

    /// What it was before anything was made of it; what it reached with missing and unknown values counts anew.
    pub fn before_mending(&self) -> Self {
        Self { mended: None, translated: None, verified: Vec::new(), refused: None, ..self.clone() }
    }

    /// The file that it is; a rescue is of files only.
    pub fn file(&self) -> Option<&Arc<ExternalArtifact>> {
        match &self.model.source {
            ModelSource::File(file) => Some(file),
            ModelSource::Expression(_) | ModelSource::Recipe { .. } => None,
        }
    }

    /// What is to be done to its bytes, where they are in the store.
    pub fn errand(&self, what: ErrandKind) -> Option<Errand> {
        let modules = self.file()?.given_modules.as_ref().map(|given| given.digest);
        self.errand_on(self.artifact.digest?, modules, what)
    }

    /// What is to be done to bytes that were made of it, with these modules beside them.
    pub fn errand_on(&self, artifact: Digest, modules: Option<Digest>, what: ErrandKind) -> Option<Errand> {
        let (format, imports) = (Arc::clone(&self.format), self.file()?.modules.clone());
        Some(Errand { artifact, format, modules, imports, what })
    }

    /// Digest and size of what was made of its bytes, where something was.
    pub fn new_bytes(&self) -> Option<(Digest, u64)> {
        match &self.translated {
            Some(translated) => translated.written,
            None => self.mended.as_ref().and_then(|(_, written)| *written),
        }
    }

    /// The format of what was made of it.
    pub fn new_format(&self) -> &Arc<Format> {
        self.translated.as_ref().map_or(&self.format, |translated| &translated.format)
    }

    /// The modules that the new file needs beside it: those that were given, and companions.
    pub fn new_modules(&self) -> Option<GivenModules> {
        let given = self.file()?.given_modules.clone();
        let Some((MendOutcome::Mended { companions, .. }, _)) = &self.mended else { return given };
        let named = |name: &str| companions.iter().any(|it| it == name);
        let beside: Vec<(&str, &str)> = COMPANIONS.iter().filter(|(name, _)| named(name)).copied().collect();
        if beside.is_empty() {
            return given;
        }
        // What was given was packed by this program.
        with_modules(given.as_ref(), &beside).ok()
    }

    /// The models that try its bytes: on its own inputs, and on its probes. What it did as it is on its own inputs is
    /// known already.
    pub fn trials(&self, bytes: Bytes, path_of: &dyn Fn(&Digest) -> std::path::PathBuf) -> Vec<ModelSpec> {
        let Some(file) = self.file() else { return Vec::new() };
        let (mut tried, mut model) = ((**file).clone(), self.model.clone());
        let mut trials = Vec::new();
        if bytes == Bytes::New {
            let (Some((digest, _)), Some(original)) = (self.new_bytes(), self.artifact.digest) else {
                return Vec::new();
            };
            tried.path = path_of(&digest);
            tried.digest = Some(digest);
            tried.packed = None;
            tried.given_modules = self.new_modules();
            tried.original =
                Some(Arc::new(OriginalArtifact { digest: original, format: Arc::clone(&self.format) }));
            model.formats = vec![self.new_format().name.clone()];
            model.methods = self.asked();
            if let Some(held) = self.held() {
                tried.expected.retain(|name, _| held.contains(name));
            }
            trials.push(ModelSpec { source: ModelSource::File(Arc::new(tried.clone())), ..model.clone() });
        }
        if let Some((probes, dataset)) = &self.probes {
            tried.inputs = InputsKind::Given;
            tried.inputs_from = PROBES.to_owned();
            tried.inputs_file = None;
            tried.probes = Some(probes.clone());
            tried.expected = BTreeMap::new();
            trials.push(ModelSpec {
                name: self.probes_name().as_str().into(),
                source: ModelSource::File(Arc::new(tried)),
                dataset: dataset_name(dataset),
                inputs: None,
                ..model
            });
        }
        trials
    }

    /// The outputs that the new file holds, where they may be fewer than the model offers.
    fn held(&self) -> Option<&Vec<String>> {
        match self.translated.as_ref().map(|translated| &translated.outcome) {
            Some(TranslateOutcome::Written { outputs }) => outputs.as_ref(),
            Some(_) | None => None,
        }
    }

    /// The outputs that the new file is asked for.
    fn asked(&self) -> Option<Vec<String>> {
        let Some(held) = self.held() else { return self.model.methods.clone() };
        let is_asked = |name: &String| self.model.methods.as_ref().is_none_or(|asked| asked.contains(name));
        Some(held.iter().filter(|name| is_asked(name)).cloned().collect())
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

    /// Gives it up where a signal came before it had a verdict: what was not tried to the end proves nothing.
    /// `is_translation` says whether another format was asked for.
    pub fn interrupt(&mut self, is_translation: bool) {
        let is_whole = self.verified.len() == 1 + usize::from(self.probes.is_some());
        let is_tried = self.verified.iter().all(|one| one.tried.verdict != Verdict::NotTried);
        let is_made = self.translated.is_some() || !is_translation;
        let is_open = is_to_be_mended(self) || may_refuse_gaps(self);
        if self.refused.is_none() && !(is_whole && is_tried && is_made && !is_open) {
            self.refused = Some(Refused::Interrupted);
        }
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

/// Whether a file fails or differs as it is, on its own inputs or on its probes.
pub(super) fn is_to_be_mended(case: &Case) -> bool {
    case.refused.is_none()
        && case.mended.is_none()
        && case.translated.is_none()
        && (judge::first_step(&case.before) == FirstStep::Mend
            || judge::proof(&case.verified) == Proof::Contradicted)
}

/// Whether classes that travel beside the file would make more of it than the target's own did.
pub(super) fn may_take_companions(case: &Case) -> bool {
    match (&case.refused, &case.mended) {
        (Some(Refused::NotMended { outcome: MendOutcome::Refused { companions, .. } }), _) => {
            !companions.is_empty()
        }
        (None, Some((MendOutcome::Mended { would_use, .. }, _))) => {
            !would_use.is_empty() && judge::proof(&case.verified) == Proof::Contradicted
        }
        (Some(_) | None, _) => false,
    }
}

/// Whether a new file agrees wherever it predicts, and may have refused nothing but missing or unknown values.
pub(super) fn may_refuse_gaps(case: &Case) -> bool {
    let has_gaps = case.probes.as_ref().is_some_and(|(probes, _)| probes.missing || probes.unknown);
    let is_error =
        |one: &Verification| one.origin == InputsOrigin::Probes && one.tried.verdict == Verdict::PredictError;
    let others: Vec<Verification> = case.verified.iter().filter(|one| !is_error(one)).cloned().collect();
    has_gaps
        && !case.refuses_gaps
        && case.new_bytes().is_some()
        && others.len() < case.verified.len()
        && judge::proof(&others) != Proof::Contradicted
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
        if bytes == Bytes::New {
            let format = case.new_format();
            trial.formats.insert(format.name.clone(), Arc::clone(format));
        }
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
