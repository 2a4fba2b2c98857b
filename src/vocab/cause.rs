//! How far a cell got, and why it got no further: the two facts that its verdict is made of.

use serde::{Deserialize, Serialize};

use super::{
    Disturbance, EnvName, ErrorFact, ExpectedPlace, Foreign, MadeUp, Mistyped, Outcome, Reached, Stage,
    Verdict,
};

/// Why a cell got no further than it did. Texts inside are words of others (an exception, an installer, a format's own
/// explanation), carried along as data; what people read is written by `present`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// Nothing stopped it: every output agrees.
    None,
    /// The matrix rules the model out there.
    RuledOut {
        /// The requirement that is not met, for example `scikit-learn>=1.4`.
        requirement: String,
    },
    /// The format or the model does not apply there.
    Inapplicable {
        /// Why not.
        why: Inapplicable,
    },
    /// The model's class does not exist there.
    ClassAbsent {
        /// The environment that does not have it.
        environment: EnvName,
        /// What that environment said.
        says: String,
    },
    /// It did what was asked, and there is nothing to compare its outputs with.
    NoReference {
        /// Why there is none.
        why: NoReference,
    },
    /// It was to be loaded only, and it loads.
    LoadOnly,
    /// It loads, and the inputs are not what the model takes.
    InputsDoNotFit {
        /// What the model or the agent said.
        says: String,
        /// How it is known that the inputs are at fault, and not the environment.
        because: Misfit,
        /// Whether somebody gave them; else they are random numbers.
        given: bool,
        /// Where they come from, in the words of whoever found them.
        inputs: String,
        /// Their width, where it was guessed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made_up: Option<MadeUp>,
    },
    /// It loads, and what was loaded is no model.
    NotAModel {
        /// What the agent said.
        says: String,
    },
    /// It did what was asked, and what is expected of it is nothing that such a model gives.
    ExpectedMistyped {
        /// The output.
        output: String,
        /// How.
        how: Mistyped,
        /// Where that stands.
        place: ExpectedPlace,
    },
    /// The outputs that differ also differ in the producer itself, as soon as the random numbers do.
    Random {
        /// Their names.
        outputs: Vec<String>,
    },
    /// At least one output is outside tolerance.
    Differs,
    /// The file was looked at and not loaded: its bytes show that it is no sound artifact.
    Refused {
        /// What the bytes show.
        says: String,
        /// What the file is instead of an artifact, where that is it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        foreign: Option<Foreign>,
    },
    /// It raised the exception that the cell carries.
    Raised {
        /// What is known to make a reader misread such a file, where that is so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        misread: Option<Misread>,
    },
    /// Its process died of a signal.
    Signal {
        /// The signal's number.
        signal: i32,
        /// The last line that it printed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        printed: Option<String>,
    },
    /// It ended its own process.
    Exited {
        /// The exit status.
        status: i32,
        /// The last line that it printed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        printed: Option<String>,
    },
    /// A limit ended it.
    Limit {
        /// Which.
        limit: Limit,
    },
    /// An environment is in trouble; nothing is said about the artifact.
    Environment {
        /// Which trouble.
        trouble: Trouble,
    },
}

/// Why something does not apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Inapplicable {
    /// The format itself says so.
    Format {
        /// In its words.
        says: String,
    },
    /// The format cannot hold the fitted model.
    CannotHold {
        /// What writing it raised.
        error: ErrorFact,
    },
    /// The format holds none of the outputs of the model.
    NoOutputHeld {
        /// The outputs that the model offers.
        methods: Vec<String>,
    },
    /// The model offers no output that could be compared.
    NoOutput,
    /// What an environment was declared with (a device) does not exist on this machine.
    NotOnThisMachine {
        /// The environment.
        environment: EnvName,
        /// What it said.
        says: String,
    },
}

/// Why a cell that predicts has nothing to be compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NoReference {
    /// Nothing tells what made the file.
    #[serde(rename = "unknown-maker")]
    UnknownProducer,
    /// The environment that made it could not be made again.
    #[serde(rename = "maker-not-made")]
    ProducerNotMade {
        /// The environment.
        environment: EnvName,
        /// What was said about it.
        says: String,
    },
    /// The environment that should have made it does not predict with it.
    #[serde(rename = "maker-fails")]
    ProducerFails {
        /// The environment.
        environment: EnvName,
        /// What it did instead.
        outcome: Box<Outcome>,
    },
    /// The environment that made it gave no answer.
    #[serde(rename = "maker-silent")]
    ProducerSilent {
        /// The environment.
        environment: EnvName,
    },
}

/// How it is known that inputs do not suit a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misfit {
    /// They were compared with what the model was fitted on.
    Compared,
    /// They do not suit it where it was made either.
    AlsoWhereMade,
    /// They are random numbers, and nobody could be asked whether they suit it.
    Synthetic,
    /// They may suit it: a function in the file uses a name of the script that saved it, which is not in the file.
    NameNotSaved,
    /// No inputs suit it: it was saved before it was fitted.
    NotFitted,
    /// They may suit it: predicting asks the machine for what it does not get, where it was made either, such as processes, a
    /// connection or a file.
    Unserved,
}

/// What makes a reader misread a file that is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Misread {
    /// joblib 1.2 and later pad arrays to an alignment that older ones do not know.
    AlignmentPad {
        /// The joblib that wrote it.
        written: String,
        /// The joblib that read it.
        read: String,
    },
}

/// A limit that ends a cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Limit {
    /// Of time.
    Time {
        /// In seconds.
        seconds: f64,
    },
    /// Of memory.
    Memory {
        /// In bytes; `None` where the allocator refused before the limit's watcher acted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
}

/// What is wrong with an environment, so that nothing can be said about an artifact there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Trouble {
    /// The run ended before it got there, or before it could be judged.
    NotReached,
    /// It could not be made.
    NotMade {
        /// The environment.
        environment: EnvName,
        /// What was said about it.
        says: String,
    },
    /// Training failed in it.
    TrainingFailed {
        /// The environment.
        environment: EnvName,
        /// What training raised.
        error: ErrorFact,
    },
    /// Training or saving ended its process or ran into a limit.
    TrainingDied {
        /// The environment.
        environment: EnvName,
        /// How.
        says: String,
    },
    /// What writing or reading the format needs is not installed in it.
    #[serde(rename = "unequipped")]
    NotInstalled {
        /// The environment.
        environment: EnvName,
        /// What is missing.
        says: String,
    },
    /// A package that the file needs and that nobody has declared is missing in it, and where the file was made as well.
    PackageMissing {
        /// The package.
        package: String,
        /// The environments that do not have it.
        environments: Vec<EnvName>,
    },
    /// A module that the file needs, and that no known package brings, is missing in it: the author's own code.
    ModuleMissing {
        /// The module.
        module: String,
        /// The environments that do not have it.
        environments: Vec<EnvName>,
        /// Whether folders of modules were given, which do not hold it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        given: bool,
    },
    /// The package is there, in a release without a module that the file needs, and in its producer as well: neither is
    /// the release that wrote it.
    OtherRelease {
        /// The package.
        package: String,
        /// The module that is not in it.
        module: String,
        /// The environments that have such a release.
        environments: Vec<EnvName>,
    },
    /// A package is installed and cannot be imported.
    NotImportable {
        /// The environment.
        environment: EnvName,
        /// The package, or its module where no table knows the package.
        package: String,
        /// The module that it did not find, where that is why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lacks: Option<String>,
        /// What its import raised.
        error: ErrorFact,
    },
    /// The interpreter could not be started, or was lost.
    Lost {
        /// The environment.
        environment: EnvName,
        /// What happened.
        says: String,
    },
    /// The machine got in the way there, twice.
    Disturbed {
        /// The environment.
        environment: EnvName,
        /// How.
        by: Disturbance,
    },
    /// The producer fails with its own artifact, so that there is no reference.
    ProducerFails {
        /// The environment.
        environment: EnvName,
        /// What it did instead of predicting.
        outcome: Box<Outcome>,
    },
    /// The outputs were not compared.
    NotCompared,
    /// There was no output to compare.
    NothingToCompare,
    /// A recorded output is damaged.
    DamagedOutput {
        /// Its name.
        output: String,
        /// What is wrong.
        says: String,
    },
}

impl Trouble {
    /// The environment that is in trouble, where it is one.
    pub fn environment(&self) -> Option<&EnvName> {
        match self {
            Self::NotMade { environment, .. }
            | Self::TrainingFailed { environment, .. }
            | Self::TrainingDied { environment, .. }
            | Self::NotInstalled { environment, .. }
            | Self::Lost { environment, .. }
            | Self::Disturbed { environment, .. }
            | Self::NotImportable { environment, .. }
            | Self::ProducerFails { environment, .. } => Some(environment),
            Self::NotReached
            | Self::PackageMissing { .. }
            | Self::ModuleMissing { .. }
            | Self::OtherRelease { .. }
            | Self::NotCompared
            | Self::NothingToCompare
            | Self::DamagedOutput { .. } => None,
        }
    }
}

/// What a cell says about its artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It works: every output agrees, or it loads where nothing more was asked.
    Works,
    /// It was tried and fails.
    Fails,
    /// It does not apply there.
    DoesNotApply,
    /// Nothing can be said: an environment is in trouble, or there is nothing to compare with.
    NoAnswer,
    /// Nothing can be said because of what was given: the file, its inputs.
    BadInput,
}

impl Cause {
    /// What it says about the artifact.
    pub const fn standing(&self) -> Standing {
        match self {
            Self::None | Self::LoadOnly => Standing::Works,
            Self::RuledOut { .. } | Self::ClassAbsent { .. } => Standing::DoesNotApply,
            Self::Inapplicable { .. } => Standing::DoesNotApply,
            Self::NoReference { .. } | Self::Random { .. } | Self::Environment { .. } => Standing::NoAnswer,
            // Random numbers that do not suit a model are nobody's mistake.
            Self::InputsDoNotFit {
                given: false, because: Misfit::AlsoWhereMade | Misfit::Synthetic, ..
            } => Standing::NoAnswer,
            Self::InputsDoNotFit { .. }
            | Self::NotAModel { .. }
            | Self::ExpectedMistyped { .. }
            | Self::Refused { .. } => Standing::BadInput,
            Self::Differs
            | Self::Raised { .. }
            | Self::Signal { .. }
            | Self::Exited { .. }
            | Self::Limit { .. } => Standing::Fails,
        }
    }

    /// The word of its kind, as it is serialised.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::RuledOut { .. } => "ruled-out",
            Self::Inapplicable { .. } => "inapplicable",
            Self::ClassAbsent { .. } => "class-absent",
            Self::NoReference { .. } => "no-reference",
            Self::LoadOnly => "load-only",
            Self::InputsDoNotFit { .. } => "inputs-do-not-fit",
            Self::NotAModel { .. } => "not-a-model",
            Self::ExpectedMistyped { .. } => "expected-mistyped",
            Self::Random { .. } => "random",
            Self::Differs => "differs",
            Self::Refused { .. } => "refused",
            Self::Raised { .. } => "raised",
            Self::Signal { .. } => "signal",
            Self::Exited { .. } => "exited",
            Self::Limit { .. } => "limit",
            Self::Environment { .. } => "environment",
        }
    }

    /// Whether it is this machine's or an environment's, so that another day can give another answer.
    pub const fn is_of_machine(&self) -> bool {
        matches!(
            self,
            Self::Environment { .. }
                | Self::NoReference { .. }
                | Self::Inapplicable { why: Inapplicable::NotOnThisMachine { .. } }
        )
    }

    /// The environment whose trouble it is, where it is one.
    pub fn environment(&self) -> Option<&EnvName> {
        match self {
            Self::Environment { trouble } => trouble.environment(),
            Self::Inapplicable { why: Inapplicable::NotOnThisMachine { environment, .. } } => {
                Some(environment)
            }
            Self::None
            | Self::RuledOut { .. }
            | Self::Inapplicable { .. }
            | Self::ClassAbsent { .. }
            | Self::NoReference { .. }
            | Self::LoadOnly
            | Self::InputsDoNotFit { .. }
            | Self::NotAModel { .. }
            | Self::ExpectedMistyped { .. }
            | Self::Random { .. }
            | Self::Differs
            | Self::Refused { .. }
            | Self::Raised { .. }
            | Self::Signal { .. }
            | Self::Exited { .. }
            | Self::Limit { .. } => None,
        }
    }
}

impl Verdict {
    /// The word for how far a cell got and why it got no further.
    pub const fn of(reached: Reached, cause: &Cause) -> Self {
        match cause {
            Cause::None => match reached {
                Reached::Identical => Self::Identical,
                Reached::Within => Self::Roundoff,
                // Whoever predicts and agrees is within at least; what got less far has no verdict without a cause.
                Reached::Nothing | Reached::Started | Reached::Loaded | Reached::Predicted => Self::EnvError,
            },
            Cause::RuledOut { .. } | Cause::Inapplicable { .. } => Self::Unsupported,
            Cause::ClassAbsent { .. } => Self::Absent,
            Cause::NoReference { .. }
            | Cause::LoadOnly
            | Cause::InputsDoNotFit { .. }
            | Cause::NotAModel { .. }
            | Cause::ExpectedMistyped { .. }
            | Cause::Random { .. } => Self::Unverified,
            Cause::Differs => Self::Drift,
            Cause::Refused { .. } => Self::LoadError,
            Cause::Raised { .. } => match reached {
                Reached::Nothing | Reached::Started => Self::LoadError,
                Reached::Loaded | Reached::Predicted | Reached::Within | Reached::Identical => {
                    Self::PredictError
                }
            },
            Cause::Signal { .. } | Cause::Exited { .. } => Self::Crash,
            Cause::Limit { limit: Limit::Time { .. } } => Self::Timeout,
            Cause::Limit { limit: Limit::Memory { .. } } => Self::OutOfMemory,
            Cause::Environment { trouble: Trouble::NotReached } => Self::NotTried,
            Cause::Environment { .. } => Self::EnvError,
        }
    }
}

/// The facts that decide where a failing cell is put: its verdict and stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// How far it got.
    pub reached: Reached,
    /// Why it got no further.
    pub cause: Cause,
    /// The part of its life in which that was decided.
    pub stage: Stage,
}

impl Opinion {
    /// The word for it.
    pub const fn verdict(&self) -> Verdict {
        Verdict::of(self.reached, &self.cause)
    }
}
