//! In which ways an environment can be asked to compute otherwise, and what of its answers can be measured.

use crate::vocab::{Encoding, Lock, NoiseSetting, OutputKind, OutputRef};

/// What an environment has that can compute in another way.
struct Means<'a> {
    blas: &'a str,
    features: Vec<String>,
    is_x86: bool,
    is_arm: bool,
}

impl Means<'_> {
    fn of(lock: &Lock) -> Means<'_> {
        Means {
            blas: lock.blas.as_deref().unwrap_or_default(),
            // numpy's names and the kernel's differ in case alone.
            features: lock.cpu_features.iter().map(|name| name.to_ascii_lowercase()).collect(),
            is_x86: matches!(lock.arch.as_str(), "x86_64" | "amd64" | "AMD64" | "i686" | "i586" | "i386"),
            is_arm: matches!(lock.arch.as_str(), "aarch64" | "arm64"),
        }
    }

    fn has(&self, features: &[&str]) -> bool {
        self.features.iter().any(|known| features.contains(&known.as_str()))
    }

    /// Whether a setting can be tried there. A kernel that the CPU cannot run ends its process, which takes time and says
    /// nothing.
    fn can(&self, setting: NoiseSetting) -> bool {
        let has_openblas = self.blas.starts_with("OpenBLAS");
        let on_x86 = has_openblas && self.is_x86;
        match setting {
            NoiseSetting::Unchanged => true,
            NoiseSetting::Prescott | NoiseSetting::Nehalem => on_x86,
            NoiseSetting::Sandybridge => on_x86 && self.has(&["avx", "avx2", "x86_v3", "x86_v4"]),
            NoiseSetting::Haswell => on_x86 && self.has(&["avx2", "x86_v3", "x86_v4"]),
            NoiseSetting::SkylakeX => on_x86 && self.has(&["avx512_skx", "avx512vl", "x86_v4"]),
            NoiseSetting::Armv8 | NoiseSetting::CortexA57 => has_openblas && self.is_arm,
            NoiseSetting::PlainMkl => self.blas.starts_with("MKL"),
            NoiseSetting::TwoThreads => !self.blas.is_empty(),
            NoiseSetting::NoVectors => !self.features.is_empty(),
        }
    }
}

/// The settings in which an environment computes again; none where there is nothing but the one without a change.
pub(super) fn settings(lock: &Lock) -> Vec<NoiseSetting> {
    let means = Means::of(lock);
    let settings: Vec<NoiseSetting> =
        NoiseSetting::ALL.iter().copied().filter(|setting| means.can(*setting)).collect();
    if settings.len() > 1 { settings } else { Vec::new() }
}

/// Whether the noise of an output can be measured: real numbers, and labels. What is kept as text is compared exactly.
pub(super) fn is_measured(output: &OutputRef) -> bool {
    match (output.kind, output.encoding) {
        (OutputKind::Label, _) | (_, Encoding::F32 | Encoding::F64 | Encoding::Csr) => true,
        (OutputKind::Continuous, Encoding::I64 | Encoding::U64 | Encoding::Bool | Encoding::Text) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::lock;
    use super::*;

    fn words(arch: &str, blas: Option<&str>, features: &[&str]) -> Vec<&'static str> {
        let lock = Lock {
            arch: arch.to_owned(),
            blas: blas.map(str::to_owned),
            cpu_features: features.iter().map(|name| (*name).to_owned()).collect(),
            ..lock("sk1")
        };
        settings(&lock).into_iter().map(NoiseSetting::word).collect()
    }

    #[test]
    fn an_environment_is_asked_what_it_can_do() {
        let none: [&str; 0] = [];
        assert_eq!(words("x86_64", None, &[]), none);
        assert_eq!(words("x86_64", Some("libblas.so.3"), &[]), ["unchanged", "two-threads"]);
        assert_eq!(
            words(
                "x86_64",
                Some("OpenBLAS 0.3.21 SkylakeX"),
                &["AVX", "AVX2", "AVX512F", "AVX512_SKX", "SSE"]
            ),
            [
                "unchanged",
                "prescott",
                "nehalem",
                "sandybridge",
                "haswell",
                "skylake-x",
                "two-threads",
                "no-vectors"
            ]
        );
        assert_eq!(
            words("i686", Some("OpenBLAS 0.3.21"), &["sse2"]),
            ["unchanged", "prescott", "nehalem", "two-threads", "no-vectors"]
        );
        assert_eq!(
            words("aarch64", Some("OpenBLAS"), &["asimd"]),
            ["unchanged", "armv8", "cortex-a57", "two-threads", "no-vectors"]
        );
        assert_eq!(
            words("x86_64", Some("MKL libmkl_rt.so.2"), &[]),
            ["unchanged", "plain-mkl", "two-threads"]
        );
    }
}
