//! What an environment resolved to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Digest, DigestBuilder};

/// How an environment comes to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// A virtual environment made by uv from wheels.
    Venv,
    /// A Debian tree made by mmdebstrap, entered with bubblewrap; foreign CPUs by qemu-user.
    Rootfs,
    /// An image of docker or podman.
    Container,
    /// An interpreter or command prefix that somebody else made.
    Existing,
    /// Never made: it stands for whoever wrote an artifact of which nothing tells its environment.
    #[serde(rename = "elsewhere")]
    UnknownProducer,
}

impl Runtime {
    /// The word as the matrix writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Venv => "venv",
            Self::Rootfs => "rootfs",
            Self::Container => "container",
            Self::Existing => "existing",
            Self::UnknownProducer => "elsewhere",
        }
    }
}

/// Byte order of an environment's integers and floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByteOrder {
    /// Least significant byte first (x86, ARM).
    Little,
    /// Most significant byte first (s390x).
    Big,
}

/// What an environment resolved to. Two environments with equal locks give equal observations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// How it was made.
    pub runtime: Runtime,
    /// Full version of the interpreter, for example `3.11.7`.
    pub python: String,
    /// `CPython`, `PyPy`, ...
    pub implementation: String,
    /// Machine as Python's `platform.machine()` says it, for example `x86_64`.
    pub arch: String,
    /// Pointer width of the interpreter: 32 or 64.
    pub bits: u8,
    /// Byte order of the interpreter.
    pub byteorder: ByteOrder,
    /// The C library and its version, for example `glibc 2.36`.
    pub libc: String,
    /// Every installed distribution by normalised name, with its version.
    pub packages: BTreeMap<String, String>,
    /// The BLAS library that numpy loaded, where it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blas: Option<String>,
    /// SIMD features that numpy or the kernel reports, sorted.
    #[serde(default)]
    pub cpu_features: Vec<String>,
    /// Constraints that shelflife applied beyond the matrix (known-good companions), sorted.
    #[serde(default)]
    pub companions: Vec<String>,
    /// What stands below Python, where shelflife knows it: the Debian suite with the digest of its list of packages, or
    /// the digest of the container image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Code that it finds and that no installer put there, each as the name of its folder or library with a digest of its
    /// content: `PYTHONPATH`, `.pth` files, `LD_PRELOAD`, `LD_LIBRARY_PATH`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<String>,
    /// Environment variables that the matrix declares for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// What `sklearn.set_config` is called with, as JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    /// What else decides how its processes compute.
    #[serde(flatten)]
    pub setup: Setup,
}

/// What decides how the processes of an environment compute, beside packages, variables and configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Program and arguments before the interpreter, such as `mpirun -n 2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub launcher: Vec<String>,
    /// The extension whose estimators take the place of scikit-learn's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// The device that they compute on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl Setup {
    /// Adds it to a digest. What is not declared leaves no trace.
    pub fn digest_into(&self, mut builder: DigestBuilder) -> DigestBuilder {
        for word in &self.launcher {
            builder = builder.text("launcher").text(word);
        }
        for (what, value) in [("extension", &self.extension), ("device", &self.device)] {
            if let Some(value) = value {
                builder = builder.text(what).text(value);
            }
        }
        builder
    }
}

/// A package (or `python`) that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Move {
    /// Its name.
    pub package: String,
    /// The version before; `None` where it was not there.
    pub before: Option<String>,
    /// The version after; `None` where it is gone.
    pub after: Option<String>,
}

impl std::fmt::Display for Move {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
        write!(f, "{} {} -> {}", self.package, of(&self.before), of(&self.after))
    }
}

/// What moved between two sets of packages, by name.
pub fn moves(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Move> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| Move {
            package: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}

impl Lock {
    /// The identity of the environment in cache keys. It covers every field but the applied constraints,
    /// whose effect already shows in `packages`.
    pub fn digest(&self) -> Digest {
        let mut builder = DigestBuilder::new("lock-v1")
            .text(self.runtime.as_str())
            .text(&self.python)
            .text(&self.implementation)
            .text(&self.arch)
            .field(&[self.bits, self.byteorder as u8])
            .text(&self.libc)
            .text(self.blas.as_deref().unwrap_or(""));
        for (name, version) in &self.packages {
            builder = builder.text("package").text(name).text(version);
        }
        for feature in &self.cpu_features {
            builder = builder.text("cpu").text(feature);
        }
        if let Some(base) = &self.base {
            builder = builder.text("base").text(base);
        }
        for code in &self.code {
            builder = builder.text("code").text(code);
        }
        for (name, value) in &self.variables {
            builder = builder.text("variable").text(name).text(value);
        }
        for (name, value) in &self.config {
            builder = builder.text("config").text(name).text(value);
        }
        self.setup.digest_into(builder).finish()
    }

    /// The identity of what is installed: of the environment without what is only set when it is started.
    pub fn base_digest(&self) -> Digest {
        Self { config: BTreeMap::new(), setup: Setup::default(), ..self.clone() }.digest()
    }
}
