//! What of a root folder is seen in it: its system, read-only.

use std::path::{Path, PathBuf};

use crate::cage::{Bind, View};

/// Top-level folders of a tree that nothing in it needs for running Python. They stay out so that the folders of this
/// machine that are shown to it can stand at their own paths, wherever they are.
const LEFT_OUT: &[&str] =
    &["boot", "dev", "home", "media", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "var"];
/// Where programs are in a tree.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The tree, read-only.
pub(super) fn view(root: &Path) -> View {
    let mut view = View::default();
    for (name, link) in top_level(root) {
        let inside = Path::new("/").join(&name);
        match link {
            Some(target) => view.links.push((inside, target.into())),
            None => view.binds.push(Bind { from: root.join(&name), to: inside, writable: false }),
        }
    }
    view
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

    #[test]
    fn a_tree_is_seen_without_what_is_somebodys() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["usr", "etc", "var", "tmp", "dev"] {
            fs_err::create_dir(folder.path().join(name)).unwrap();
        }
        std::os::unix::fs::symlink("usr/bin", folder.path().join("bin")).unwrap();
        let view = view(folder.path());
        assert_eq!(view.links, [(PathBuf::from("/bin"), PathBuf::from("usr/bin"))]);
        let shown: Vec<_> =
            view.binds.iter().map(|bind| (bind.to.to_str().unwrap(), bind.writable)).collect();
        assert_eq!(shown, [("/etc", false), ("/usr", false)]);
        assert_eq!(collision(folder.path(), Path::new("/usr/cache")), Some("/usr".into()));
        assert_eq!(collision(folder.path(), Path::new("/var/cache")), None);
    }
}
