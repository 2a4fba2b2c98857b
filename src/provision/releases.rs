//! Which releases of a package there are, as the machine's own pip is configured to see them.

use std::path::PathBuf;
use std::time::Duration;

use super::Provisioner;
use super::failure::{NoReleases, PipTrouble, ProvisionFailure};
use super::told::Speaker;
use crate::process::{self, Command};

/// How long an index may take to answer.
const TIMEOUT: Duration = Duration::from_secs(120);

impl Provisioner {
    /// The releases of a package that suit a Python version, in no order; pre-releases are left out by pip. Whether
    /// wheels of each exist shows when its environment is made.
    ///
    /// # Errors
    /// When no pip of this machine can tell, with what the last one said.
    pub async fn releases(&self, package: &str, python: &str) -> Result<Vec<String>, ProvisionFailure> {
        let failure = |why| ProvisionFailure::NoReleases { package: package.to_owned(), why };
        if self.options.offline {
            return Err(failure(NoReleases::Offline));
        }
        let mut pythons: Vec<PathBuf> =
            ["python3", "python"].into_iter().filter_map(|name| which::which(name).ok()).collect();
        let mut known = self.finder.all().await;
        // A newer interpreter has a newer pip.
        known.reverse();
        pythons.extend(known.into_iter().map(|interpreter| interpreter.path));
        let mut why = NoReleases::NoPip;
        for path in pythons {
            let args = ["-m", "pip", "index", "versions", package, "--python-version", python];
            let more = ["--only-binary=:all:", "--disable-pip-version-check", "--no-color"];
            let command = Command::new(&path, process::base_environment()).args(args).args(more).cwd("/");
            match process::capture(&command, TIMEOUT).await {
                Ok(captured) if captured.status.success() => {
                    let releases = parse(&captured.stdout_text());
                    if !releases.is_empty() {
                        return Ok(releases);
                    }
                    why = NoReleases::Empty;
                }
                Ok(captured) => {
                    why = NoReleases::Pip(PipTrouble::Failed(Speaker::Pip.failed("pip", &captured)));
                }
                Err(error) => why = NoReleases::Pip(PipTrouble::Process(error.into())),
            }
        }
        Err(failure(why))
    }
}

/// The versions in `Available versions: 1.9.1, 1.9.0`.
fn parse(text: &str) -> Vec<String> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Available versions:"));
    line.into_iter()
        .flat_map(|line| line.split(','))
        .map(|version| version.trim().to_owned())
        .filter(|version| !version.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_pip_is_read() {
        assert_eq!(
            parse("x (2.0)\nAvailable versions: 2.0, 1.5.post1\n  INSTALLED: 1"),
            ["2.0", "1.5.post1"]
        );
        assert!(parse("nothing").is_empty());
    }
}
