//! Layer 1: external artifacts. From what was asked for to files, each with its format, what made it, what it
//! predicts on, and what is expected of it; nothing is loaded.
//!
//! Architecture Invariant: the file system is seen through [`Files`] only, and no byte of an artifact is executed.

mod admission;
mod arrays;
mod beside;
mod days;
mod evidence;
mod expected;
mod files;
mod find;
mod finder;
mod folder;
mod given;
mod interpreters;
mod modules;
mod museum;
mod names;
mod outputs;
mod package;
mod packages;
mod producer;
mod recognise;
mod requirements;
mod rows;
mod saved;
mod tracking;

pub use beside::scikit_learn_beside;
pub use files::{Files, Kind, Stream};
pub use find::{is_model, models_below, models_matching};
pub use finder::{Finder, NONE, SYNTHETIC, UNKNOWN, all_expected, gives};
pub use folder::{Entry, unpacked};
pub use interpreters::{has_wheels, other_interpreters, python_for};
pub use modules::with_modules;
pub use museum::kept;
pub use package::brings_inputs;
pub use packages::{INSTALLERS, Packages, PackagesOf, add_packages, needs};
pub use producer::proved_beside;
pub use requirements::{PinError, pin};
pub use tracking::{ModelVersion, RegisteredFolder, Store, in_use, versions_of_files};
