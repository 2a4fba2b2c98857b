//! What is known of the parts of a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::vocab::{
    Agreement, ArtifactAbsence, ArtifactId, ByOutput, Digest, EnvName, EnvironmentTrouble, FileFacts,
    FilePlan, Forecast, FormatPlan, InputForm, Lock, MadeUp, ModelName, NoiseSetting, Observation,
    OutputComparison,
};

/// The end of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// RFC 3339 time.
    pub time: String,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Cells executed.
    pub executed: u64,
    /// Cells reused.
    pub reused: u64,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// What is known of an environment.
#[derive(Clone, Debug, PartialEq)]
pub enum EnvironmentFacts {
    /// No event speaks of it.
    Unknown,
    /// Usable.
    Ready {
        /// Its lock.
        lock: Box<Lock>,
        /// Models whose class is absent there, with reasons.
        absent_models: BTreeMap<ModelName, String>,
    },
    /// Never made: it stands for the unknown producer of external artifacts.
    UnknownProducer,
    /// Not usable.
    Failed {
        /// Why.
        reason: String,
        /// What would help.
        remedy: Option<String>,
        /// Whether what it was declared with does not exist on the machine.
        absent: bool,
        /// The kind of trouble; `None` in records of older versions.
        cause: Option<EnvironmentTrouble>,
    },
}

/// An observation as the record holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its cache key.
    pub key: Digest,
    /// What was seen.
    pub observation: Observation,
    /// Whether it came from an earlier record or the cache.
    pub reused: bool,
}

/// How the producer of an artifact answered when it was asked again.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeated {
    /// Cache key of that observation.
    pub key: Digest,
    /// How it compares with the first one.
    pub outputs: ByOutput<OutputComparison>,
}

/// What was seen when a cell was tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retried {
    /// What was seen.
    pub observation: Observation,
    /// How it compares with the reference.
    pub outputs: ByOutput<OutputComparison>,
}

/// What another machine saw of a cell, where that is something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Contradicted {
    /// What was seen.
    pub observation: Observation,
    /// How it compares with the reference.
    pub outputs: ByOutput<OutputComparison>,
    /// What the environment resolved to there.
    pub lock: Box<Lock>,
}

/// An artifact that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Seconds to fit.
    pub train_seconds: f64,
    /// Seconds to write.
    pub save_seconds: f64,
    /// The outputs that it offers.
    pub methods: Vec<String>,
}

/// What is known of an artifact.
#[derive(Clone, Debug, PartialEq)]
pub struct ArtifactFacts {
    /// Which.
    pub id: ArtifactId,
    /// Index of its producer in the plan.
    pub producer: usize,
    /// Set where it is an external artifact.
    pub file: Option<Box<FilePlan>>,
    /// Set where it exists.
    pub made: Option<Made>,
    /// Set where it does not.
    pub absence: Option<ArtifactAbsence>,
    /// What its bytes say, where they were looked at.
    pub facts: Option<Box<FileFacts>>,
    /// What its producer saw in a fresh process.
    pub reference: Option<Box<Recorded>>,
    /// What its producer said under another seed.
    pub repeated: Option<Box<Repeated>>,
    /// What its producer said when it computed in other ways.
    pub noise: BTreeMap<NoiseSetting, Repeated>,
    /// Outputs that differ between two loads in its producer under different seeds.
    pub random: BTreeSet<String>,
    /// One entry a consumer, in the order of the plan, also for those that do not read it.
    pub(super) cells: Vec<CellState>,
}

/// Whether arithmetic alone may have moved what differs: values and labels, and nothing that is missing or of another
/// shape.
pub fn is_in_question(outputs: &ByOutput<OutputComparison>) -> bool {
    let is_moved = |it: &OutputComparison| it.agreement == Agreement::Outside && it.nonfinite_differ == 0;
    outputs.values().any(is_moved)
        && outputs.values().all(|it| it.agreement != Agreement::Mismatched && it.nonfinite_differ == 0)
}

impl ArtifactFacts {
    /// What its producer saw.
    pub fn reference(&self) -> Option<&Observation> {
        self.reference.as_deref().map(|it| &it.observation)
    }

    /// The width of made-up inputs, as the producer guessed it, or else whoever tried.
    pub fn made_up(&self) -> Option<&MadeUp> {
        let observed = self.cells.iter().filter_map(|cell| Some(&cell.recorded()?.observation));
        self.reference().into_iter().chain(observed).find_map(|it| it.made_up.as_ref())
    }

    /// The form in which it was given its inputs, by its producer or else by whoever tried.
    pub fn form(&self) -> Option<InputForm> {
        let observed = self.cells.iter().filter_map(|cell| Some(&cell.recorded()?.observation));
        self.reference().into_iter().chain(observed).find_map(|it| it.form)
    }

    /// Whether arithmetic alone may have moved what it gives somewhere. What was measured of its producer counts only then:
    /// in a run of several machines whoever writes an artifact may measure before anybody is in doubt.
    pub fn is_in_question(&self) -> bool {
        self.cells.iter().filter_map(CellState::comparison).any(is_in_question)
    }

    /// What was seen of it anywhere, and how that compares.
    pub fn seen(&self) -> impl Iterator<Item = CellView<'_>> {
        self.cells.iter().map(CellState::view)
    }

    /// What is known of it in the consumer at a position.
    ///
    /// # Panics
    /// When there are fewer consumers.
    pub fn cell(&self, position: u32) -> &CellState {
        &self.cells[position as usize]
    }
}

/// What is known of a cell. There may be a million of them, and most of those that a part of a run has are unknown to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CellState(Option<Box<KnownCell>>);

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct KnownCell {
    pub(super) seen: Option<Recorded>,
    pub(super) outputs: Option<ByOutput<OutputComparison>>,
    /// Whether `outputs` compares with the reference that holds now.
    pub(super) current: bool,
    pub(super) lost: Option<Box<str>>,
    pub(super) retried: Option<Box<Retried>>,
    pub(super) contradicted: Option<Box<Contradicted>>,
}

impl CellState {
    /// What is known of it, to be changed.
    pub(super) fn known(&mut self) -> &mut KnownCell {
        self.0.get_or_insert_default()
    }

    /// What it compares with has changed.
    pub(super) fn outdate(&mut self) {
        if let Some(known) = &mut self.0 {
            known.current = false;
        }
    }

    /// What was seen, as it is recorded.
    pub fn recorded(&self) -> Option<&Recorded> {
        self.0.as_ref()?.seen.as_ref()
    }

    /// How what was seen compares with the reference, if no other reference was taken since.
    pub fn comparison(&self) -> Option<&ByOutput<OutputComparison>> {
        let known = self.0.as_ref()?;
        known.outputs.as_ref().filter(|_| known.current)
    }

    /// Whether it was tried again.
    pub fn is_retried(&self) -> bool {
        self.0.as_ref().is_some_and(|known| known.retried.is_some())
    }

    /// What its verdict depends on.
    pub fn view(&self) -> CellView<'_> {
        let Some(known) = &self.0 else { return CellView::default() };
        CellView {
            observation: known.seen.as_ref().map(|it| &it.observation),
            outputs: known.outputs.as_ref(),
            lost: known.lost.as_deref(),
            reused: known.seen.as_ref().is_some_and(|it| it.reused),
            retried: known.retried.as_deref().map(|it| (&it.observation, &it.outputs)),
            contradicted: known.contradicted.as_deref(),
        }
    }
}

/// What the verdict on a cell depends on.
#[derive(Clone, Copy, Debug, Default)]
pub struct CellView<'a> {
    /// What was seen.
    pub observation: Option<&'a Observation>,
    /// How it compares with the reference.
    pub outputs: Option<&'a ByOutput<OutputComparison>>,
    /// Why there is nothing to see.
    pub lost: Option<&'a str>,
    /// Whether the observation came from an earlier record or the cache.
    pub reused: bool,
    /// What was seen when it was tried again, and how that compares.
    pub retried: Option<(&'a Observation, &'a ByOutput<OutputComparison>)>,
    /// What another machine saw, where that is something else.
    pub contradicted: Option<&'a Contradicted>,
}

/// A cell with everything that its verdict depends on.
#[derive(Clone, Copy, Debug)]
pub struct CellFacts<'a> {
    /// The artifact.
    pub artifact: &'a ArtifactFacts,
    /// Its producer.
    pub producer: &'a EnvironmentFacts,
    /// The environment that reads it.
    pub consumer: &'a EnvironmentFacts,
    /// Index of that environment in the plan.
    pub consumer_index: usize,
    /// Name of that environment.
    pub consumer_name: &'a EnvName,
    /// What was seen.
    pub cell: CellView<'a>,
    /// The artifact's format, where the record describes it.
    pub format: Option<&'a FormatPlan>,
}

/// What was said of a cell before it was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Foretold {
    /// The release that it was read out of.
    pub release: String,
    /// What is to be expected.
    pub forecast: Forecast,
}
