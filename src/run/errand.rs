//! Errands beside a run: what an environment's interpreter does to a file that no cell is, what came of it, and under which
//! key that is remembered.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::format::Format;
use crate::store::CacheRoot;
use crate::vocab::{Digest, DigestBuilder, Holds, MendOutcome, Probes, TranslateOutcome};
use crate::worker::{Ended, Sources, Task, TaskResult, WorkerLimits, abnormal, agent_digest};

/// What is to be done to a file.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Its bytes, which are in the store.
    pub artifact: Digest,
    /// Its format.
    pub format: Arc<Format>,
    /// The archive of modules that no package brings, which is in the store.
    pub modules: Option<Digest>,
    /// Modules that loading it imports.
    pub imports: Vec<String>,
    /// What is to be done.
    pub what: ErrandKind,
}

/// What is to be done to a file.
#[derive(Clone, Debug)]
pub enum ErrandKind {
    /// It is read, mended, and written for the environment's releases.
    Mend {
        /// Versions of the packages that wrote it.
        versions: BTreeMap<String, String>,
        /// Names and sources of the mends.
        mends: Sources,
        /// Names and sources of the modules that may stand beside it.
        companions: Sources,
        /// The names that reading it may call, as `module:name`; what runs commands is refused where `None`.
        allowed: Option<Vec<String>>,
    },
    /// It is read, and written in another format.
    Translate {
        /// The format.
        to: Arc<Format>,
        /// What a file of it holds.
        holds: Holds,
        /// What it predicts on, which is in the store.
        inputs: Digest,
        /// Seed of the global generators.
        seed: u32,
    },
    /// Inputs are derived from it.
    Probe {
        /// What it predicts on otherwise, which is in the store.
        inputs: Digest,
        /// Seed of what is chosen.
        seed: u32,
        /// Whether missing values and such as it has never seen may be among them.
        gaps: bool,
    },
}

/// What came of an errand.
#[derive(Clone, Debug, PartialEq)]
pub enum ErrandDone {
    /// Of a mending, with digest and size of what was written.
    Mended(MendOutcome, Option<(Digest, u64)>),
    /// Of a translation, with digest and size of what was written.
    Translated(TranslateOutcome, Option<(Digest, u64)>),
    /// Of a derivation of probes, with the digest of the dataset.
    Probed(Option<(Probes, Digest)>),
}

impl Errand {
    /// The task that an agent is given, which writes to `output`.
    pub(super) fn task(&self, cache: &CacheRoot, output: String) -> Task {
        let path = |digest: &Digest| cache.object_path(digest).display().to_string();
        let (artifact, handler) = (path(&self.artifact), self.format.handler.clone());
        let options = self.format.options.clone();
        let modules = self.modules.as_ref().map(path);
        match &self.what {
            ErrandKind::Mend { versions, mends, companions, allowed } => Task::Mend {
                allowed: allowed.clone(),
                artifact,
                handler,
                options,
                versions: versions.clone(),
                mends,
                companions,
                output,
                modules,
            },
            ErrandKind::Translate { to, holds, inputs, seed } => Task::Translate {
                artifact,
                handler,
                options,
                to: to.handler.clone(),
                to_options: to.options.clone(),
                holds: *holds,
                inputs: path(inputs),
                seed: *seed,
                output,
                modules,
            },
            ErrandKind::Probe { inputs, seed, gaps } => {
                let (inputs, seed, gaps) = (path(inputs), *seed, *gaps);
                Task::Probe { artifact, handler, options, inputs, seed, gaps, output, modules }
            }
        }
    }

    /// The formats that it reads and writes.
    pub(super) fn formats(&self) -> impl Iterator<Item = &Arc<Format>> {
        let written = match &self.what {
            ErrandKind::Translate { to, .. } => Some(to),
            ErrandKind::Mend { .. } | ErrandKind::Probe { .. } => None,
        };
        std::iter::once(&self.format).chain(written)
    }

    /// The ending of the file that it writes.
    pub(super) fn extension(&self) -> &str {
        match &self.what {
            ErrandKind::Translate { to, .. } => &to.extension,
            ErrandKind::Mend { .. } | ErrandKind::Probe { .. } => &self.format.extension,
        }
    }

    /// What a child that gave no result came to.
    pub(super) fn ended(&self, ended: &Ended, limits: WorkerLimits) -> TaskResult {
        let outcome = || Box::new(abnormal(ended, limits).outcome);
        match self.what {
            ErrandKind::Mend { .. } => {
                TaskResult::Mended(Box::new(MendOutcome::Ended { outcome: outcome() }))
            }
            ErrandKind::Translate { .. } => {
                TaskResult::Translated(Box::new(TranslateOutcome::Ended { outcome: outcome() }))
            }
            ErrandKind::Probe { .. } => TaskResult::Probed(None),
        }
    }

    /// What it depends on, and nothing else.
    pub(super) fn key(&self, lock: &Digest) -> Digest {
        let mut key = DigestBuilder::new("errand-v1")
            .digest(&agent_digest())
            .digest(lock)
            .digest(&self.artifact)
            .text(&self.format.source)
            .text(&self.format.options.to_string());
        if let Some(modules) = &self.modules {
            key = key.text("modules").digest(modules);
        }
        match &self.what {
            ErrandKind::Mend { versions, mends, companions, allowed } => {
                // Whether any name is listed: without a list, the engine has one of its own.
                key = key.text(if allowed.is_some() { "mend" } else { "mend without a list" });
                for name in allowed.iter().flatten() {
                    key = key.text(name);
                }
                for (package, version) in versions {
                    key = key.text(package).text(version);
                }
                for (name, source) in mends.iter().chain(*companions) {
                    key = key.text(name).text(source);
                }
                key.text(if companions.is_empty() { "alone" } else { "with companions" }).finish()
            }
            ErrandKind::Translate { to, holds, inputs, seed } => key
                .text("translate")
                .text(match holds {
                    Holds::Estimator => "estimator",
                    Holds::Translation => "translation",
                })
                .text(&to.source)
                .text(&to.options.to_string())
                .digest(inputs)
                .field(&seed.to_le_bytes())
                .finish(),
            ErrandKind::Probe { inputs, seed, gaps } => {
                let key = key.text(if *gaps { "probe" } else { "probe without gaps" });
                key.digest(inputs).field(&seed.to_le_bytes()).finish()
            }
        }
    }
}

/// What is remembered of an errand. What failed is tried again.
#[derive(Serialize, Deserialize)]
pub(super) enum Kept {
    Mended { outcome: MendOutcome, digest: Digest, size: u64 },
    Translated { outcome: TranslateOutcome, digest: Digest, size: u64 },
    Probed { probes: Probes, digest: Digest },
}

impl Kept {
    /// What is remembered, as long as its bytes are there.
    pub fn known(self, cache: &CacheRoot) -> Option<ErrandDone> {
        let (digest, done) = match self {
            Self::Mended { outcome, digest, size } => {
                (digest, ErrandDone::Mended(outcome, Some((digest, size))))
            }
            Self::Translated { outcome, digest, size } => {
                (digest, ErrandDone::Translated(outcome, Some((digest, size))))
            }
            Self::Probed { probes, digest } => (digest, ErrandDone::Probed(Some((probes, digest)))),
        };
        cache.is_sound(&digest).then_some(done)
    }

    /// What there is to remember.
    pub fn of(done: &ErrandDone) -> Option<Self> {
        match done {
            ErrandDone::Mended(outcome, Some((digest, size))) => {
                Some(Self::Mended { outcome: outcome.clone(), digest: *digest, size: *size })
            }
            ErrandDone::Translated(outcome, Some((digest, size))) => {
                Some(Self::Translated { outcome: outcome.clone(), digest: *digest, size: *size })
            }
            ErrandDone::Probed(Some((probes, digest))) => {
                Some(Self::Probed { probes: probes.clone(), digest: *digest })
            }
            ErrandDone::Mended(_, None) | ErrandDone::Translated(_, None) | ErrandDone::Probed(None) => None,
        }
    }
}
