//! The noise floor of an output: how far the answer of an artifact's own producer moves where nothing changes but the way
//! in which it computes.

use serde::{Deserialize, Serialize};

use super::Real;

/// A way in which an environment computes otherwise, with the same packages: each is a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseSetting {
    /// Nothing is changed: what moves all the same is random, and says nothing about arithmetic.
    Unchanged,
    /// OpenBLAS with its kernels for Prescott (SSE3).
    Prescott,
    /// OpenBLAS with its kernels for Nehalem (SSE4.2).
    Nehalem,
    /// OpenBLAS with its kernels for Sandy Bridge (AVX).
    Sandybridge,
    /// OpenBLAS with its kernels for Haswell (AVX2, FMA).
    Haswell,
    /// OpenBLAS with its kernels for Skylake-X (AVX-512).
    SkylakeX,
    /// OpenBLAS with the kernels that every 64-bit ARM has.
    Armv8,
    /// OpenBLAS with its kernels for the ARM Cortex-A57.
    CortexA57,
    /// MKL with the code that every CPU has.
    PlainMkl,
    /// Two threads instead of one.
    TwoThreads,
    /// numpy without the vector instructions that it chooses when it starts.
    NoVectors,
}

impl NoiseSetting {
    /// Every setting.
    pub const ALL: &'static [Self] = &[
        Self::Unchanged,
        Self::Prescott,
        Self::Nehalem,
        Self::Sandybridge,
        Self::Haswell,
        Self::SkylakeX,
        Self::Armv8,
        Self::CortexA57,
        Self::PlainMkl,
        Self::TwoThreads,
        Self::NoVectors,
    ];

    /// The word, as it is serialised.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Prescott => "prescott",
            Self::Nehalem => "nehalem",
            Self::Sandybridge => "sandybridge",
            Self::Haswell => "haswell",
            Self::SkylakeX => "skylake-x",
            Self::Armv8 => "armv8",
            Self::CortexA57 => "cortex-a57",
            Self::PlainMkl => "plain-mkl",
            Self::TwoThreads => "two-threads",
            Self::NoVectors => "no-vectors",
        }
    }

    /// The environment variables that make it. The first one names it.
    pub const fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Unchanged => &[],
            Self::Prescott => &[("OPENBLAS_CORETYPE", "Prescott")],
            Self::Nehalem => &[("OPENBLAS_CORETYPE", "Nehalem")],
            Self::Sandybridge => &[("OPENBLAS_CORETYPE", "Sandybridge")],
            Self::Haswell => &[("OPENBLAS_CORETYPE", "Haswell")],
            Self::SkylakeX => &[("OPENBLAS_CORETYPE", "SkylakeX")],
            Self::Armv8 => &[("OPENBLAS_CORETYPE", "ARMV8")],
            Self::CortexA57 => &[("OPENBLAS_CORETYPE", "CORTEXA57")],
            Self::PlainMkl => &[("MKL_CBWR", "COMPATIBLE")],
            Self::TwoThreads => {
                &[("OMP_NUM_THREADS", "2"), ("OPENBLAS_NUM_THREADS", "2"), ("MKL_NUM_THREADS", "2")]
            }
            // Names that a numpy does not know, it passes over.
            Self::NoVectors => &[(
                "NPY_DISABLE_CPU_FEATURES",
                "AVX F16C FMA3 AVX2 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR \
                 X86_V3 X86_V4 ASIMDHP ASIMDDP ASIMDFHM SVE",
            )],
        }
    }
}

/// How far an output moves in the environment that made its artifact, as a comparison measures it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseFloor {
    /// The setting in which it moved furthest.
    pub setting: NoiseSetting,
    /// In how many settings it was computed again.
    pub settings: u64,
    /// Largest `|a - b|` over all of them.
    pub max_abs: Real,
    /// Largest `|a - b| / |b|` over all of them.
    pub max_rel: Real,
    /// Largest distance in units in the last place over all of them.
    pub max_ulp: u64,
    /// Places of the labels that flipped in any of them and are no ties, as far as they are recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flipped: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_that_are_serialised() {
        for setting in NoiseSetting::ALL {
            let json = serde_json::to_string(setting).expect("a unit variant serialises");
            assert_eq!(json, format!("\"{}\"", setting.word()));
        }
    }
}
