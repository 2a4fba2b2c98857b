//! What people are told when a package cannot be made of its source.

use super::source_failure::{SourceFailure, SourceTrouble};
use super::task_words::words;

impl SourceFailure {
    pub(super) fn reason(&self) -> String {
        let (package, from) = (&self.package, &self.from);
        let of = |what: &str| format!("{package} cannot be made of `{from}`: {what}");
        match &self.trouble {
            SourceTrouble::Missing => of("it does not exist"),
            SourceTrouble::NoProject => of("it has neither `pyproject.toml` nor `setup.py`"),
            SourceTrouble::TooLarge => of("it holds more than 1 GiB"),
            SourceTrouble::Unreadable(why) => of(why),
            SourceTrouble::Changed => of("it changed while it was being read"),
            SourceTrouble::OtherPackage(found) => of(&format!("it is the package {found}")),
            SourceTrouble::NoReference => of("the repository has no such branch or tag"),
            SourceTrouble::Git(failed) | SourceTrouble::Build(failed) => {
                of(&format!("{} failed:\n{}", failed.program, words(failed)))
            }
            SourceTrouble::NoGit(why) => of(why),
            SourceTrouble::NoWheel => of("its build made no wheel"),
        }
    }

    pub(super) fn remedy(&self) -> Option<String> {
        Some(match &self.trouble {
            SourceTrouble::Missing => {
                "correct the path: it is looked for relative to the matrix file".to_owned()
            }
            SourceTrouble::NoProject => "name the folder that holds `pyproject.toml`".to_owned(),
            SourceTrouble::TooLarge => {
                "keep data outside of the project's folder, or build a wheel and name that".to_owned()
            }
            SourceTrouble::Unreadable(_) => return None,
            SourceTrouble::Changed => "run the same command again".to_owned(),
            SourceTrouble::OtherPackage(found) => {
                format!("write `{found}` in the place of `{}`", self.package)
            }
            SourceTrouble::NoReference => {
                "name a branch, a tag, or a commit with all its 40 digits".to_owned()
            }
            SourceTrouble::Git(_) => {
                "see that `git clone` of it works here without asking for anything".to_owned()
            }
            SourceTrouble::NoGit(_) => "install git, or name a folder or a wheel".to_owned(),
            SourceTrouble::Build(_) | SourceTrouble::NoWheel => format!(
                "see that `python -m build --wheel` works in it with the same Python; it was tried in a cage that sees \
                 the system, the network and a copy of {}",
                self.from
            ),
        })
    }
}
