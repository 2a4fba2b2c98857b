//! Entering a root folder with bubblewrap.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::{ProvisionFailure, Task};
use super::reach::Reach;
use super::told::Speaker;
use crate::process::{self, Command};

/// Top-level folders of a tree that nothing in it needs for running Python. They stay out so that the folders of this
/// machine that are shown to it can stand at their own paths, wherever they are.
const LEFT_OUT: &[&str] =
    &["boot", "dev", "home", "media", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "var"];
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// bubblewrap's arguments: the tree read-only, no network, processes of its own, a private `/tmp`, and of this machine
/// only the reach.
pub(super) fn argv(bwrap: &Path, root: &Path, reach: &Reach<'_>) -> Vec<String> {
    let mut argv = Argv(vec![bwrap.display().to_string()]);
    argv.add(["--unshare-all", "--die-with-parent", "--new-session"]);
    for (name, link) in top_level(root) {
        let inside = format!("/{name}");
        match link {
            Some(target) => argv.add(["--symlink", &target, &inside]),
            None => argv.add(["--ro-bind", &root.join(&name).display().to_string(), &inside]),
        }
    }
    argv.add(["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]);
    let objects = reach.objects.display().to_string();
    let scratch = reach.scratch.display().to_string();
    argv.add(["--ro-bind", &objects, &objects, "--bind", &scratch, &scratch]);
    argv.add(["--remount-ro", "/", "--chdir", &scratch, "--setenv", "PATH", PATH, "--"]);
    argv.0
}

struct Argv(Vec<String>);

impl Argv {
    fn add<const N: usize>(&mut self, words: [&str; N]) {
        self.0.extend(words.map(str::to_owned));
    }
}

/// Names of a tree's top-level folders, with the target of those that are links, sorted.
fn top_level(root: &Path) -> Vec<(String, Option<String>)> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let kind = entry.file_type().ok()?;
            let link = kind
                .is_symlink()
                .then(|| std::fs::read_link(entry.path()).ok()?.into_os_string().into_string().ok());
            let kept = (kind.is_dir() || kind.is_symlink()) && !LEFT_OUT.contains(&name.as_str());
            kept.then_some((name, link.flatten()))
        })
        .collect();
    found.sort();
    found
}

/// Whether bubblewrap works here, once and for all environments.
pub(super) async fn check(bwrap: &Path) -> Result<(), ProvisionFailure> {
    let words = ["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "true"];
    let command = Command::new(bwrap, process::base_environment()).args(words).cwd("/");
    let captured = process::capture(&command, Duration::from_secs(20)).await?;
    if captured.status.success() {
        return Ok(());
    }
    let failed = Speaker::Other.failed("bubblewrap", &captured);
    Err(ProvisionFailure::Task { task: Task::Sandbox, failed })
}

/// Where the cache must not lie: inside the tree these paths are taken.
pub(super) fn collision(root: &Path, path: &Path) -> Option<PathBuf> {
    top_level(root)
        .into_iter()
        .map(|(name, _)| Path::new("/").join(name))
        .find(|taken| path.starts_with(taken))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_tree_is_read_only_and_the_reach_stands_at_its_own_paths() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["usr", "etc", "var", "tmp", "dev"] {
            fs_err::create_dir(folder.path().join(name)).unwrap();
        }
        std::os::unix::fs::symlink("usr/bin", folder.path().join("bin")).unwrap();
        let variables = BTreeMap::new();
        let reach = Reach {
            scratch: Path::new("/c/s"),
            objects: Path::new("/c/o"),
            variables: &variables,
            memory_bytes: None,
        };
        let text = argv(Path::new("/usr/bin/bwrap"), folder.path(), &reach).join(" ");
        let root = folder.path().display();
        assert!(text.contains("--symlink usr/bin /bin"), "{text}");
        assert!(text.contains(&format!("--ro-bind {root}/usr /usr")), "{text}");
        assert!(!text.contains(&format!("{root}/var")), "{text}");
        assert!(text.contains("--ro-bind /c/o /c/o --bind /c/s /c/s --remount-ro / --chdir /c/s"), "{text}");
        assert_eq!(collision(folder.path(), Path::new("/usr/cache")), Some("/usr".into()));
        assert_eq!(collision(folder.path(), Path::new("/var/cache")), None);
    }
}
