//! What not every machine has: a word on what was not tried, docker, and an image that is made from the 32-bit Debian tree
//! that other tests need anyway.

use std::path::Path;
use std::process::Command;

pub use terminal::not_tried;

#[path = "terminal.rs"]
mod terminal;

/// The name of that image; it says which tree it was made of, so that a new tree gives a new image. `None`, with a word on
/// the terminal, where docker has no room for it: archive, copy and layer are 2 GB at once.
///
/// # Panics
///
/// When docker gives any other reason.
pub fn imported(tree: &Path) -> Option<String> {
    let status = fs_err::read(tree.join("var/lib/dpkg/status")).unwrap();
    let image = format!("shelflife-test/i386:{}", blake3::hash(&status).to_hex().split_at(12).0);
    match engine(&["image", "inspect", &image]).or_else(|_| import(tree, &image)) {
        Ok(_) => Some(image),
        Err(reason) if reason.to_lowercase().contains("no space left on device") => {
            not_tried(format_args!("an image of the Debian tree, for want of room: {reason}"));
            None
        }
        Err(reason) => panic!("no image of the Debian tree: {reason}"),
    }
}

/// What docker prints, or why it does not.
pub fn engine(words: &[&str]) -> Result<String, String> {
    let output = Command::new("docker").args(words).output().map_err(|error| format!("docker: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// `docker import` would forget the platform in older releases, so the tree is packed and added.
fn import(tree: &Path, image: &str) -> Result<String, String> {
    let context = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = |name: &str| context.path().join(name);
    fs_err::write(file("Dockerfile"), "FROM scratch\nADD tree.tar /\n").map_err(|error| error.to_string())?;
    let packed = Command::new("tar")
        .arg("--directory")
        .arg(tree)
        .args(
            ["dev/*", "proc/*", "sys/*", "usr/include", "usr/lib/gcc", "usr/share"]
                .map(|path| format!("--exclude=./{path}")),
        )
        .args(["--create", "--file"])
        .arg(file("tree.tar"))
        .arg(".")
        .output()
        .map_err(|error| format!("tar: {error}"))?;
    if !packed.status.success() {
        return Err(String::from_utf8_lossy(&packed.stderr).trim().to_owned());
    }
    let folder = context.path().display().to_string();
    engine(&["build", "--quiet", "--platform", "linux/386", "--tag", image, &folder])
}
