//! Environments that somebody else made: nothing is installed, only looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::store::{self, Bucket, CacheRoot};
use crate::vocab::{Digest, DigestBuilder, Lock, Runtime};

use super::failure::ProvisionFailure;
use super::interpreters::{is_executable, stamp};
use super::launch::Launch;
use super::{machine, probe, record};

type Stamp = Option<((u64, u32), u64)>;

/// A remembered lock, and what must be unchanged for it to hold.
#[derive(Serialize, Deserialize)]
struct Remembered {
    lock: Lock,
    stamps: Vec<(PathBuf, Stamp)>,
}

/// The lock of an existing environment, whose command is [`absolute`]. The flag says whether it was known already: that takes a command
/// that is one local interpreter, no editable installation, and folders of packages that are unchanged.
pub(super) async fn lock_of(
    cache: &CacheRoot,
    command: &[String],
    variables: &BTreeMap<String, String>,
    refresh: bool,
) -> Result<(Lock, bool), ProvisionFailure> {
    let interpreter = match command {
        [program] => Some(PathBuf::from(program)),
        _ => None,
    };
    let memory = interpreter.as_deref().map(|path| memory_path(cache, path, variables));
    if let (Some(memory), false) = (&memory, refresh)
        && let Some(lock) = recall(memory)
    {
        return Ok((lock, true));
    }
    let facts = probe::probe(cache, &Launch::here(command.to_vec(), None), variables).await?;
    let stamps = match &interpreter {
        // A wrapper script (a container, an emulator) is not the interpreter that answered.
        Some(path) if !facts.changing && canonical(path) == canonical(&facts.executable) => {
            let watched = [path.clone(), facts.executable.clone()].into_iter().chain(facts.sites.clone());
            watched.map(|path| (stamp(&path), path)).map(|(stamp, path)| (path, stamp)).collect()
        }
        _ => Vec::new(),
    };
    let lock = facts.into_lock(Runtime::Existing, variables.clone());
    if let (Some(memory), false) = (memory, stamps.is_empty()) {
        let remembered = Remembered { lock, stamps };
        if let Some(folder) = memory.parent() {
            store::create_folder(folder)?;
        }
        store::write_atomic(&memory, &serde_json::to_vec_pretty(&remembered).map_err(std::io::Error::from)?)?;
        return Ok((remembered.lock, false));
    }
    Ok((lock, false))
}

/// Where the packages of an existing environment are, and since when they are known; `None` where its command is no local
/// interpreter.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    sites: Vec<PathBuf>,
    since: Option<SystemTime>,
    lock: Option<Digest>,
}

impl Watched {
    /// As it was remembered when it was looked at first.
    pub(super) fn of(
        cache: &CacheRoot,
        command: &[String],
        variables: &BTreeMap<String, String>,
    ) -> Option<Self> {
        let [program] = command else { return None };
        let memory = memory_path(cache, Path::new(program), variables);
        let remembered: Remembered = serde_json::from_slice(&std::fs::read(&memory).ok()?).ok()?;
        let sites =
            remembered.stamps.into_iter().map(|(path, _)| path).filter(|path| path.is_dir()).collect();
        let since = memory.metadata().and_then(|facts| facts.modified()).ok();
        Some(Self { sites, since, lock: Some(remembered.lock.base_digest()) })
    }

    /// What is damaged there. What was seen in it is not believed any more then.
    pub(super) fn damage(&self, cache: &CacheRoot, verify: bool) -> Option<ProvisionFailure> {
        let damage = record::check(&self.sites, self.since, verify)?;
        if let Some(lock) = &self.lock
            && let Err(error) = cache.distrust(lock)
        {
            return Some(error.into());
        }
        Some(ProvisionFailure::Damaged { damage, is_ours: false })
    }
}

/// The command with the absolute path of its program: processes are started in folders of their own.
pub(super) fn absolute(command: &[String]) -> Result<Vec<String>, ProvisionFailure> {
    let Some((program, args)) = command.split_first() else {
        return Err(ProvisionFailure::NoCommand);
    };
    let program = resolve(program)?.to_string_lossy().into_owned();
    Ok(std::iter::once(program).chain(args.iter().cloned()).collect())
}

fn recall(memory: &Path) -> Option<Lock> {
    let remembered: Remembered = serde_json::from_slice(&std::fs::read(memory).ok()?).ok()?;
    remembered.stamps.iter().all(|(path, known)| stamp(path) == *known).then_some(remembered.lock)
}

fn canonical(path: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(path).ok()
}

/// The absolute path of a program, not resolving links: a virtual environment is known by its own link.
fn resolve(program: &str) -> Result<PathBuf, ProvisionFailure> {
    let found =
        if program.contains('/') { std::path::absolute(program).ok() } else { which::which(program).ok() };
    match found {
        Some(path) if is_executable(&path) => Ok(path),
        Some(path) if path.exists() => Err(ProvisionFailure::NotExecutable(path)),
        _ => Err(ProvisionFailure::NoProgram(program.to_owned())),
    }
}

fn memory_path(cache: &CacheRoot, interpreter: &Path, variables: &BTreeMap<String, String>) -> PathBuf {
    let mut digest =
        DigestBuilder::new("existing-v2").digest(machine::identity()).text(&interpreter.to_string_lossy());
    for (name, value) in variables {
        digest = digest.text(name).text(value);
    }
    cache.bucket(Bucket::Tools).join("existing").join(format!("{}.json", digest.finish().short()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_resolved_or_explained() {
        assert_eq!(resolve("/bin/sh").unwrap(), PathBuf::from("/bin/sh"));
        assert!(resolve("sh").unwrap().ends_with("sh"));
        assert!(resolve("/nonexistent/python").unwrap_err().reason().contains("/nonexistent/python"));
        assert!(resolve("/etc/passwd").unwrap_err().reason().contains("not an executable"));
    }
}
