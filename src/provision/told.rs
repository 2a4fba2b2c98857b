//! What programs of others say, read in this one place: uv, pip, apt, mmdebstrap, docker and podman. Every text that is
//! looked for stands in a test with a message as the program writes it.

use std::sync::LazyLock;

use regex::Regex;

use super::why::{ProgramFailure, Why};
use crate::process::Captured;

/// Lines of a program's own explanation that are kept.
const EXPLANATION_LINES: usize = 15;

/// What is looked for in a message, and what it means. The first that is found counts.
type Signs = &'static [(Why, &'static [&'static str])];

const DISK: &[&str] = &["No space left on device", "no space left", "Disk quota exceeded", "os error 28"];

/// uv appends network hints to a "no solution" too; then the first is the cause.
const UV_NETWORK: &[&str] = &[
    "error sending request",
    "dns error",
    "Connection refused",
    "connection closed",
    "operation timed out",
    "tcp connect error",
    "certificate",
    "401 Unauthorized",
    "403 Forbidden",
];

/// Only where nothing but the declared versions themselves is in the way; chains of dependencies mention wheels in
/// passing.
const UV_DIRECT: Signs = &[
    (Why::NoWheel, &["no usable wheels", "no wheels with a matching", "the current Python version"]),
    (
        Why::NoSuchVersion,
        &["there is no version of", "is available and you require", "are available and you require"],
    ),
];

const PIP: Signs = &[
    (Why::NoPip, &["No module named pip"]),
    (Why::FullDisk, DISK),
    (
        Why::Unreachable,
        &[
            "Temporary failure in name resolution",
            "NewConnectionError",
            "ProxyError",
            "SSLError",
            "Read timed out",
        ],
    ),
    (Why::NoSolution, &["ResolutionImpossible"]),
    (Why::NoWheel, &["No matching distribution found", "Could not find a version that satisfies"]),
];

const MMDEBSTRAP: Signs = &[
    (
        Why::FullDisk,
        &["No space left on device", "Disk quota exceeded", "not enough free space", "enough free space in"],
    ),
    (Why::NoDebianPackage, &["Unable to locate package", "has no installation candidate"]),
    (Why::MirrorChanging, &["Mirror sync in progress", "Hash Sum mismatch", "unexpected size"]),
    (Why::NotOnMirror, &["does not have a Release file", "404  Not Found"]),
    (
        Why::Unreachable,
        &[
            "Could not resolve",
            "Could not connect",
            "Connection failed",
            "Temporary failure",
            "Failed to fetch",
        ],
    ),
    (Why::NoNamespaces, &["newuidmap", "/etc/subuid", "/etc/subgid", "user namespaces", "unshare"]),
];

const ENGINE: Signs = &[
    (Why::FullDisk, DISK),
    (
        Why::Unreachable,
        &["no such host", "connection refused", "i/o timeout", "Temporary failure in name resolution"],
    ),
];

/// Programs whose messages are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    /// uv, and whether it was told to stay off the network.
    Uv { offline: bool },
    /// pip, and Python where it has none.
    Pip,
    /// mmdebstrap and the apt and dpkg in it.
    Mmdebstrap,
    /// docker or podman.
    Engine,
    /// Others, whose words are only handed on.
    Other,
}

impl Speaker {
    /// How a program failed, from what it left behind.
    pub(super) fn failed(self, program: &str, captured: &Captured) -> Box<ProgramFailure> {
        let stderr = captured.stderr_text();
        // pip tells some of it on its standard output.
        let said = if self == Self::Pip { captured.stdout_text() + &stderr } else { stderr };
        Box::new(ProgramFailure {
            program: program.to_owned(),
            exit: captured.status,
            why: self.why(&said),
            words: self.words(&said),
        })
    }

    fn why(self, said: &str) -> Why {
        match self {
            Self::Uv { offline } => uv(said, offline),
            Self::Pip => first(PIP, said),
            Self::Mmdebstrap => first(MMDEBSTRAP, said),
            Self::Engine => first(ENGINE, said),
            Self::Other => Why::Unknown,
        }
    }

    /// What is worth showing of a message.
    fn words(self, said: &str) -> String {
        let is_worth = |line: &&str| {
            ["E:", "Err:", "W:", "dpkg: error", "tar:"].iter().any(|start| line.starts_with(start))
        };
        let lines: Vec<&str> = said.lines().filter(is_worth).collect();
        if self == Self::Mmdebstrap && !lines.is_empty() { clean(&lines.join("\n")) } else { clean(said) }
    }
}

fn any(said: &str, signs: &[&str]) -> bool {
    signs.iter().any(|sign| said.contains(sign))
}

fn first(table: Signs, said: &str) -> Why {
    table.iter().find(|(_, signs)| any(said, signs)).map_or(Why::Unknown, |(why, _)| *why)
}

fn uv(said: &str, offline: bool) -> Why {
    if any(said, DISK) {
        return Why::FullDisk;
    }
    if offline && any(said, &["offline", "network was disabled", "Network connectivity is disabled"]) {
        return Why::Offline;
    }
    if any(said, UV_NETWORK) {
        return Why::Unreachable;
    }
    if any(said, &["Failed to build `", "The build backend returned an error"]) {
        return Why::NotBuilt;
    }
    if any(said, &["not found in the package registry"]) {
        return Why::UnknownPackage;
    }
    if wants_another_python(said) {
        return Why::OtherPython;
    }
    let direct = if any(said, &[" depends on "]) { Why::Unknown } else { first(UV_DIRECT, said) };
    if direct == Why::Unknown && any(said, &["No solution found"]) { Why::NoSolution } else { direct }
}

/// Whether a version that was asked for itself, and no link of a chain, does not take the interpreter.
fn wants_another_python(said: &str) -> bool {
    static REFUSES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"Python version \([\d.]+\) does not satisfy Python\S+\s+and\s+(\S+)\s+depends\s+on\s+Python",
        )
        .ok()
    });
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(refuses) = REFUSES.as_ref() else { return false };
    refuses.captures_iter(&said).any(|found| said.contains(&format!("you require {}", &found[1])))
}

/// Whether a container engine's own client ended like this: 125 is its own trouble, 126 a program that it could not
/// start.
pub(super) fn is_engines_own(code: Option<i32>) -> bool {
    matches!(code, Some(125 | 126))
}

/// The end of a program's explanation without colours, credentials and noise; empty where it gave none.
pub(super) fn clean(said: &str) -> String {
    static ANSI: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]").ok());
    static CREDENTIALS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"://[^/\s@]+@").ok());
    let replace = |regex: &Option<Regex>, text: &str, with: &str| match regex {
        Some(regex) => regex.replace_all(text, with).into_owned(),
        None => text.to_owned(),
    };
    let text = replace(&CREDENTIALS, &replace(&ANSI, said, ""), "://***@");
    let noise = ["Using Python ", "Using CPython ", "Resolved ", "warning: "];
    let lines: Vec<_> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty() && !noise.iter().any(|start| line.starts_with(start)))
        .collect();
    // The first line says what failed, the last ones why.
    match lines.len().checked_sub(EXPLANATION_LINES) {
        Some(excess) if excess > 0 => format!("{}\n[...]\n{}", lines[0], lines[excess + 1..].join("\n")),
        _ => lines.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Exit;

    // The messages are those of uv 0.11, pip 24, mmdebstrap 1.3 with apt 2.6, and docker 20.10, shortened in the middle.

    const UV: Speaker = Speaker::Uv { offline: false };

    fn failed(speaker: Speaker, said: &str) -> Box<ProgramFailure> {
        let status = Exit { code: Some(1), signal: None };
        speaker.failed("it", &Captured { status, stderr: said.as_bytes().to_vec(), ..Captured::default() })
    }

    #[track_caller]
    fn means(speaker: Speaker, said: &str, why: Why) {
        assert_eq!(failed(speaker, said).why, why, "{said}");
    }

    #[test]
    fn uv_is_understood() {
        let unsolved = |cause: &str| {
            format!(
                "error: No solution found when resolving dependencies\n  cause: Because {cause}, we can conclude \
                     that your requirements are unsatisfiable.\n"
            )
        };
        for (cause, why) in [
            (
                "scikit-learn==1.3.2 depends on numpy>=1.17.3,<2.0 and you require numpy==2.0.1",
                Why::NoSolution,
            ),
            (
                "there is no version of scikit-learn==1.3.99 and you require scikit-learn==1.3.99",
                Why::NoSuchVersion,
            ),
            ("only scikit-learn<=1.9.1 is available and you require scikit-learn>=1.11", Why::NoSuchVersion),
            ("scikit-learn==0.20.4 has no usable wheels and you require scikit-learn==0.20.4", Why::NoWheel),
            ("a==1 depends on b and b has no usable wheels", Why::NoSolution),
            (
                "the current Python version (3.11.7) does not satisfy Python>=3.12 and xgboost==3.4.1 depends on \
                 Python>=3.12, we can conclude that xgboost==3.4.1 cannot be used.\n         And because you require \
                 xgboost==3.4.1",
                Why::OtherPython,
            ),
            (
                "the current Python version (3.8.18) does not satisfy Python>=3.9 and b>=2 depends on Python>=3.9, we \
                 can conclude that b>=2 cannot be used.\n         And because a==1 depends on b>=2 and you require a==1",
                Why::NoSolution,
            ),
            (
                "sklearnnosuch was not found in the package registry and you require sklearnnosuch",
                Why::UnknownPackage,
            ),
        ] {
            means(UV, &unsolved(cause), why);
        }
        let hint = "hint: Packages were unavailable because the network was disabled. When the network is disabled, \
                    registry packages may only be read from the cache.";
        let offline = unsolved("scikit-learn was not found in the cache") + hint;
        means(Speaker::Uv { offline: true }, &offline, Why::Offline);
        means(
            UV,
            "error: Failed to fetch: http://127.0.0.1:9/simple/scikit-learn/\n  cause: error sending request for url\n  \
             cause: client error (Connect)\n  cause: tcp connect error\n  cause: Connection refused (os error 111)",
            Why::Unreachable,
        );
        means(
            UV,
            "error: Failed to write to the client cache\n  cause: failed to write to file `/cache/simple/.tmpUpW3d3`: No \
             space left on device (os error 28)",
            Why::FullDisk,
        );
        means(
            UV,
            "  x Failed to build `sklearn2pmml==0.56.0`\n  |-> The build backend returned an error\n  `-> Call to \
             `setuptools.build_meta.build_wheel` failed (exit status: 1)",
            Why::NotBuilt,
        );
        means(UV, "error: something new", Why::Unknown);
    }

    #[test]
    fn pip_is_understood_on_both_of_its_streams() {
        means(Speaker::Pip, "/usr/bin/python3: No module named pip\n", Why::NoPip);
        let missing = "ERROR: Could not find a version that satisfies the requirement scikit-learn==1.3.99 (from versions: \
                       1.3.1, 1.3.2)\nERROR: No matching distribution found for scikit-learn==1.3.99\n";
        means(Speaker::Pip, missing, Why::NoWheel);
        let captured = Captured { stdout: missing.as_bytes().to_vec(), ..Captured::default() };
        assert_eq!(Speaker::Pip.failed("pip", &captured).why, Why::NoWheel);
    }

    #[test]
    fn mmdebstrap_is_understood() {
        for (said, why) in [
            ("E: write: No space left on device", Why::FullDisk),
            ("E: Unable to locate package nonsense", Why::NoDebianPackage),
            ("E: The repository 'http://m nosuch Release' does not have a Release file.", Why::NotOnMirror),
            ("E: Failed to fetch http://m/dists/InRelease  Could not resolve 'm'", Why::Unreachable),
            (
                "E: Failed to fetch http://127.0.0.1:9/debian/dists/bookworm/InRelease  Could not connect to 127.0.0.1:9 \
                 (127.0.0.1). - connect (111: Connection refused)",
                Why::Unreachable,
            ),
            (
                "E: File has unexpected size (1 != 2). Mirror sync in progress? [IP: 1.2.3.4 80]",
                Why::MirrorChanging,
            ),
            ("E: newuidmap failed to execute: No such file or directory", Why::NoNamespaces),
        ] {
            means(Speaker::Mmdebstrap, said, why);
        }
        let said =
            "I: running apt-get update...\nE: apt-get update failed\nI: removing tempdir /tmp/mmdebstrap.x\n";
        assert_eq!(failed(Speaker::Mmdebstrap, said).words, "E: apt-get update failed");
    }

    #[test]
    fn engines_are_understood() {
        means(
            Speaker::Engine,
            "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: \
             no such host",
            Why::Unreachable,
        );
        means(Speaker::Engine, "write /var/lib/docker/tmp/x: no space left on device", Why::FullDisk);
        assert!(is_engines_own(Some(125)) && is_engines_own(Some(126)));
        assert!(!is_engines_own(Some(127)) && !is_engines_own(None));
    }

    #[test]
    fn explanations_are_readable_and_carry_no_secret() {
        let said = "warning: noise\n\x1b[1m\x1b[31m  × No solution found\x1b[39m\n\n  https://me:secret@index/simple\n";
        assert_eq!(clean(said), "  × No solution found\n  https://***@index/simple");
        let long: String = (0..40).map(|line| format!("line {line}\n")).collect();
        let cleaned = clean(&long);
        assert!(cleaned.starts_with("line 0\n[...]\nline 26\n") && cleaned.ends_with("line 39"), "{cleaned}");
        assert_eq!(clean(""), "");
    }
}
