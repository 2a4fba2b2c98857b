//! Why a release cannot be read.

use std::path::PathBuf;

use crate::provision::ProvisionFailure;
use crate::release::NotARelease;

/// Why a release cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// What was named as a release is none.
    #[error("`{}` cannot be read as a release: {why}", given.display())]
    NotARelease {
        /// What was named.
        given: PathBuf,
        /// Why.
        why: NotARelease,
    },
    /// A release cannot be had.
    #[error("{given} cannot be had: {}", why.reason())]
    NotHad {
        /// What was asked for.
        given: String,
        /// Why.
        why: Box<ProvisionFailure>,
    },
    /// A text names no release.
    #[error("`{0}` is not a release")]
    NotNamed(String),
}

impl ReleaseError {
    /// What to do next, where that is known.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::NotARelease { .. } => {
                "give a wheel, an sdist, the folder of a checkout, or a version such as scikit-learn==1.10.0rc1".to_owned()
            }
            Self::NotNamed(_) => {
                "write PROJECT==VERSION, such as scikit-learn==1.10.0rc1, or the path of a wheel, an sdist or a checkout"
                    .to_owned()
            }
            Self::NotHad { why, .. } => return why.remedy(),
        })
    }
}
