//! What a reader of a record is to be told beside its cells: what was left out, and what to do next.

use serde::{Deserialize, Serialize};

use super::{Disturbance, EnvName, Foreign, ModelName};

/// Something that was asked for and could not be taken: a path without a file, a file that is no model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What is wrong, naming the file.
    pub says: String,
    /// What to do next.
    pub help: String,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

/// What to do next about cells of one cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Next {
    /// Nothing.
    #[default]
    Nothing,
    /// Tell skops which types to trust.
    TrustTypes,
    /// Name a package with the environment that lacks it.
    AddPackage {
        /// The package.
        package: String,
        /// The environment.
        environment: EnvName,
    },
    /// Say which release of a package belongs to the file.
    SayPackage {
        /// The package.
        package: String,
    },
    /// Give the folder with a module of the author's own.
    GiveModules {
        /// The module.
        module: String,
    },
    /// Take another release of a package.
    OtherRelease {
        /// The package.
        package: String,
    },
    /// Mend the package in the environment.
    MendPackage {
        /// The package.
        package: String,
        /// The environment.
        environment: EnvName,
        /// The package that it lacks, where that is why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lacks: Option<String>,
        /// The library of the system that it lacks, where that is why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        library: Option<String>,
    },
    /// The bytes are damaged, or no model: get the file again.
    GetFileAgain {
        /// What the file is instead, which says what to do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        foreign: Option<Foreign>,
    },
    /// It fails where it should have been made: say what made it.
    #[serde(rename = "say-maker")]
    DeclareProducer {
        /// The environment that was taken for the producer.
        environment: EnvName,
    },
    /// Keep what was written where it works, or train again.
    KeepOrRetrain {
        /// The model.
        model: ModelName,
        /// The environment that wrote it; `None` for a file, which was written elsewhere.
        producer: Option<EnvName>,
        /// Other environments in which it works.
        works_in: Vec<EnvName>,
        /// The environment that fails.
        consumer: EnvName,
        /// Other environments whose artifacts work there.
        sources: Vec<EnvName>,
        /// Whether nothing is known against training there: false where it was seen to fail.
        #[serde(default = "yes", skip_serializing_if = "is_true")]
        trains: bool,
    },
    /// The file was damaged on purpose, and loads without a word.
    UseDigest,
    /// The translation changes what is predicted.
    UseAnotherFormat,
    /// The outputs depend on something beside artifact and inputs.
    FixRandomness,
    /// The outputs of a file are random.
    FixRandomState,
    /// Name a file that holds a model.
    NameAModel,
    /// Give inputs that the model takes.
    GiveInputs,
    /// Correct what is expected of the model.
    CorrectExpected,
    /// Save the file again, with what its functions use.
    SaveWithNames,
    /// Let it predict without what a cell is not given.
    PredictAlone,
    /// Say what made it, or what it should give.
    #[serde(rename = "say-maker-or-expected")]
    DeclareProducerOrExpected,
    /// What the producer of an environment advises.
    Environment {
        /// In its words.
        says: String,
    },
    /// Keep the machine out of the way, and run the same command again.
    TryAgain {
        /// What was in the way.
        by: Disturbance,
    },
    /// The environment lacks a feature, or its packages do not fit.
    Constrain,
}
