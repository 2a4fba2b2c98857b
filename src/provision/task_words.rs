//! What people are told when a program of somebody else failed: an installer, mmdebstrap, a container engine.

use super::failure::Task;
use super::why::{ProgramFailure, Why};

pub(super) const FULL_DISK: &str = "free some space, for example with `shelflife env prune`, or set \
                                    SHELFLIFE_CACHE_DIR to a \
                         folder on a larger disk";
const KILLED: &str = "it was killed from outside, most often because memory ran out: try again with fewer \
                      `--jobs` or \
                      more memory";

/// A program's own words; where it has none, how it ended.
pub(super) fn words(failed: &ProgramFailure) -> String {
    let ending = format!("{} {}", failed.program, failed.exit);
    match (failed.exit.signal, failed.words.as_str()) {
        (None, "") => format!("{ending} and gave no reason"),
        (Some(_), "") => ending,
        // What it said before somebody ended it is not why it ended.
        (Some(_), said) => format!("{ending}; before that it said:\n{said}"),
        (None, said) => said.to_owned(),
    }
}

pub(super) fn task_reason(task: &Task, failed: &ProgramFailure) -> String {
    let words = words(failed);
    match task {
        Task::Install(asked) => {
            format!("cannot install {} for Python {}:\n{words}", asked.requirements.join(", "), asked.python)
        }
        Task::InstallInTree { requirements, tree } => {
            format!("cannot install {} in the Debian tree {tree}:\n{words}", requirements.join(", "))
        }
        Task::MakeTree { tree, .. } => format!("cannot make the Debian tree {tree}:\n{words}"),
        Task::FetchPython => words,
        Task::CleanCache => format!("uv cannot forget a package of which a file is damaged:\n{words}"),
        Task::Pull { image, .. } => {
            format!("the image {image} is not on this machine and cannot be pulled: {words}")
        }
        Task::Build(context) => format!("cannot build an image in `{}`:\n{words}", context.display()),
    }
}

pub(super) fn task_remedy(task: &Task, failed: &ProgramFailure) -> Option<String> {
    if failed.exit.signal.is_some() {
        return Some(KILLED.to_owned());
    }
    if failed.why == Why::FullDisk {
        return Some(FULL_DISK.to_owned());
    }
    match task {
        Task::Install(asked) => match failed.why {
            Why::Offline => Some(
                "run once without `--offline`, so that the packages are fetched into the cache".to_owned(),
            ),
            Why::Unreachable => Some(
                "make the package index reachable (HTTPS_PROXY, SSL_CERT_FILE; uv reads UV_DEFAULT_INDEX and \
                 uv.toml, not pip.conf), or use `--offline` with environments that were made before"
                    .to_owned(),
            ),
            Why::UnknownPackage => Some("check the spelling of the package names in the matrix".to_owned()),
            Why::NoWheel => Some(format!(
                "there are no wheels of these versions for Python {} (only wheels are installed): declare another \
                 Python or another version, or allow building them, which runs their code, with --allow-build or \
                 `allow-build = true` of the environment; or make the environment yourself, and give its interpreter \
                 (--on PATH/bin/python)",
                asked.python
            )),
            Why::OtherPython => Some(format!(
                "these versions do not take Python {}, as the message says: declare a Python that all of them take, or other \
                 versions",
                asked.python
            )),
            Why::NotBuilt => Some(
                "make the environment yourself, where the package can be built, and give its interpreter: --on \
                 PATH/bin/python (`command` of an existing environment in a matrix)"
                    .to_owned(),
            ),
            Why::NoSuchVersion => Some("declare a version that exists".to_owned()),
            Why::NoSolution => {
                let mut remedy = "change the declared versions so that they fit together".to_owned();
                if asked.companions {
                    remedy
                        .push_str("; declaring a package replaces the companion bound that shelflife adds for it");
                }
                Some(remedy)
            }
            Why::FullDisk
            | Why::NoPip
            | Why::NoDebianPackage
            | Why::MirrorChanging
            | Why::NotOnMirror
            | Why::NoNamespaces
            | Why::Unknown => None,
        },
        Task::InstallInTree { .. } => Some(
            "declare versions that have wheels for this Python and CPU (for i386: scikit-learn up to \
             1.0.2)".to_owned(),
        ),
        Task::MakeTree { mirror, .. } => tree_remedy(failed.why, mirror),
        Task::FetchPython | Task::CleanCache | Task::Build(_) => None,
        Task::Pull { image, engine } => Some(format!(
            "check its name, log in to its registry, or build it here (`{} build -t {image} ...`)",
            engine.display()
        )),
    }
}

fn tree_remedy(why: Why, mirror: &str) -> Option<String> {
    Some(match why {
        Why::NoDebianPackage => {
            "this release has no such package for this CPU: check `debian`, or take another suite".to_owned()
        }
        Why::MirrorChanging => {
            format!("the mirror {mirror} is changing right now: try again in some minutes")
        }
        Why::NotOnMirror => {
            format!("the mirror {mirror} does not have this suite or CPU: declare another one with `mirror`")
        }
        Why::Unreachable => format!(
            "make the mirror {mirror} reachable (http_proxy), or declare another one with `mirror` in the matrix"
        ),
        Why::NoNamespaces => {
            "an ordinary user needs user namespaces and a range of ids to make a tree: `sudo apt-get \
                              install uidmap` and `sudo usermod --add-subuids 100000-165535 --add-subgids \
                              100000-165535 $USER`; or run this once as root"
                .to_owned()
        }
        Why::FullDisk
        | Why::Offline
        | Why::UnknownPackage
        | Why::NoWheel
        | Why::OtherPython
        | Why::NotBuilt
        | Why::NoSuchVersion
        | Why::NoSolution
        | Why::NoPip
        | Why::Unknown => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::failure::{Asked, ProvisionFailure};
    use super::*;
    use crate::process::Exit;
    use crate::vocab::EnvironmentTrouble;

    fn installing(exit: Exit, why: Why, said: &str) -> ProvisionFailure {
        let asked = Asked {
            python: "3.11".to_owned(),
            requirements: vec!["scikit-learn==1.2.2".to_owned()],
            companions: true,
            offline: false,
        };
        let failed = Box::new(ProgramFailure { program: "uv".to_owned(), exit, why, words: said.to_owned() });
        ProvisionFailure::Task { task: Task::Install(asked), failed }
    }

    fn remedy(why: Why) -> String {
        installing(Exit { code: Some(1), signal: None }, why, "words").remedy().unwrap_or_default()
    }

    #[test]
    fn each_cause_of_a_failed_installation_has_its_remedy() {
        assert!(remedy(Why::FullDisk).contains("env prune"));
        assert!(remedy(Why::Unreachable).contains("UV_DEFAULT_INDEX"));
        assert!(remedy(Why::NoSolution).contains("companion bound"));
        assert!(remedy(Why::NoWheel).contains("another Python"));
        assert!(remedy(Why::NoSuchVersion).contains("exists"));
        assert!(remedy(Why::UnknownPackage).contains("spelling"));
        assert_eq!(remedy(Why::Unknown), "");
    }

    #[test]
    fn each_cause_of_a_failed_tree_has_its_remedy() {
        let remedy = |why| tree_remedy(why, "http://m").unwrap_or_default();
        assert!(remedy(Why::NoDebianPackage).contains("no such package"));
        assert!(remedy(Why::NotOnMirror).contains("http://m does not have this suite"));
        assert!(remedy(Why::Unreachable).contains("reachable"));
        assert!(remedy(Why::MirrorChanging).contains("again"));
    }

    #[test]
    fn a_killed_installer_is_not_said_to_have_given_no_reason() {
        let killed = installing(Exit { code: None, signal: Some(9) }, Why::Unknown, "");
        assert_eq!(
            killed.reason(),
            "cannot install scikit-learn==1.2.2 for Python 3.11:\nuv was ended by SIGKILL"
        );
        assert!(killed.remedy().unwrap().contains("memory"));
        assert_eq!(killed.trouble(), EnvironmentTrouble::Killed);
        // Half a message of something else is not the reason.
        let halfway = installing(Exit { code: None, signal: Some(9) }, Why::NoSolution, "error: No solution");
        assert_eq!(halfway.trouble(), EnvironmentTrouble::Killed);
        let silent = installing(Exit { code: Some(2), signal: None }, Why::Unknown, "");
        assert!(silent.reason().ends_with("uv ended with status 2 and gave no reason"), "{silent}");
    }
}
