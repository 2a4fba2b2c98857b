//! What shelflife knows of Debian: mirrors, lists of packages, and what mmdebstrap's words mean.

use std::path::Path;

use crate::vocab::{Digest, DigestBuilder};

/// What every tree has: the interpreter and Debian's own scikit-learn.
pub(super) const PACKAGES: &[&str] = &["python3-minimal", "python3-sklearn"];
/// What a tree has whose packages come from wheels.
pub(super) const PIP_PACKAGES: &[&str] = &["ca-certificates", "libgomp1", "python3-minimal", "python3-pip"];
/// Names of releases by which a Debian archive is told from other archives.
const RELEASES: &[&str] = &[
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "sid",
    "oldstable",
    "stable",
    "testing",
    "unstable",
];

/// The mirror of the machine's own apt, where it has one of Debian.
pub(super) fn mirror() -> Option<String> {
    let mut files = vec!["/etc/apt/sources.list".into()];
    if let Ok(entries) = std::fs::read_dir("/etc/apt/sources.list.d") {
        let mut more: Vec<std::path::PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        more.sort();
        files.extend(more);
    }
    files.iter().find_map(|path| {
        let text = std::fs::read_to_string(path).ok()?;
        match path.extension()?.to_str()? {
            "list" => mirror_of_lines(&text),
            "sources" => mirror_of_stanzas(&text),
            _ => None,
        }
    })
}

fn fits(kinds: &str, address: &str, suites: &str, components: &str) -> bool {
    kinds.split_whitespace().any(|kind| kind == "deb")
        && ["http://", "https://", "file:/"].iter().any(|start| address.starts_with(start))
        && suites.split_whitespace().any(|suite| RELEASES.contains(&suite))
        && components.split_whitespace().any(|component| component == "main")
}

/// One-line sources: `deb [options] address suite components`.
fn mirror_of_lines(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let line = line.split('#').next()?.trim();
        let (kind, rest) = line.split_once(char::is_whitespace)?;
        let rest = rest.trim_start();
        let rest = if rest.starts_with('[') { rest.split_once(']')?.1.trim_start() } else { rest };
        let mut words = rest.splitn(3, char::is_whitespace);
        let (address, suite, components) = (words.next()?, words.next()?, words.next()?);
        fits(kind, address, suite, components).then(|| address.to_owned())
    })
}

/// deb822 sources: stanzas of `Key: value`.
fn mirror_of_stanzas(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.split(|line| line.trim().is_empty()).find_map(|stanza| {
        let field = |name: &str| {
            stanza.iter().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        let disabled = field("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no"));
        let address = field("URIs")?.split_whitespace().next()?;
        let fits = fits(field("Types")?, address, field("Suites")?, field("Components")?);
        (fits && !disabled).then(|| address.to_owned())
    })
}

/// How many packages a tree has installed, and the digest of their names, versions and architectures.
pub(super) fn package_list(root: &Path) -> std::io::Result<(usize, Digest)> {
    let status = fs_err::read_to_string(root.join("var/lib/dpkg/status"))?;
    let mut lines: Vec<String> = status
        .split("\n\n")
        .filter_map(|stanza| {
            let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let installed = field("Status:")?.ends_with(" installed");
            installed.then(|| {
                let word = |name| field(name).unwrap_or_default();
                format!("{} {} {}", word("Package:"), word("Version:"), word("Architecture:"))
            })
        })
        .collect();
    lines.sort();
    let digest = lines.iter().fold(DigestBuilder::new("dpkg-v1"), |digest, line| digest.text(line)).finish();
    Ok((lines.len(), digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_found_in_both_kinds_of_sources() {
        let lines = "# deb http://old/debian bookworm main\ndeb-src http://src/debian bookworm main\n\
                     deb http://security/debian bookworm-security main\n\
                     deb [arch=amd64 signed-by=/x] https://mirror/debian bookworm main contrib # mine\n";
        assert_eq!(mirror_of_lines(lines).as_deref(), Some("https://mirror/debian"));
        assert_eq!(mirror_of_lines("deb http://archive.ubuntu.com/ubuntu jammy main"), None);
        let stanzas = "Types: deb\n# a comment\nURIs: http://sec/debian-security\nSuites: bookworm-security\nComponents: \
                       main\n\nTypes: deb\nURIs: http://off/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n\n\
                       Types: deb deb-src\nURIs: http://two/debian http://three\nSuites: bookworm bookworm-updates\n\
                       Components: main\n";
        assert_eq!(mirror_of_stanzas(stanzas).as_deref(), Some("http://two/debian"));
    }

    #[test]
    fn the_list_of_packages_ignores_order_and_what_is_removed() {
        let digest = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            fs_err::create_dir_all(folder.path().join("var/lib/dpkg")).unwrap();
            fs_err::write(folder.path().join("var/lib/dpkg/status"), text).unwrap();
            package_list(folder.path()).unwrap()
        };
        let package = |name: &str, version: &str, status: &str| {
            format!("Package: {name}\nStatus: install ok {status}\nVersion: {version}\nArchitecture: i386\n")
        };
        let (a, b) = (package("a", "1", "installed"), package("b", "2", "installed"));
        let removed = package("c", "3", "config-files");
        assert_eq!(digest(&format!("{a}\n{b}")), digest(&format!("{b}\n{removed}\n{a}")));
        assert_eq!(digest(&a).0, 1);
        assert_ne!(digest(&a), digest(&package("a", "1.1", "installed")));
    }
}
