//! One release of a package, unpacked from its wheel into a folder that is no environment: to be read, not to be run.

use std::path::Path;
use std::time::Duration;

use super::failure::{Asked, ProvisionFailure, Task};
use super::indexes::arguments;
use super::told::Speaker;
use super::{Note, Provisioner};
use crate::matrix::Index;
use crate::process;

/// How long fetching one wheel may take.
const FETCHING: Duration = Duration::from_secs(900);

/// What one package is asked for by.
#[derive(Clone, Copy, Debug)]
pub struct AskedRelease<'w> {
    /// As an installer reads it, for example `scikit-learn==1.10.0rc1`.
    pub requirement: &'w str,
    /// The version of the interpreter that it is for.
    pub python: &'w str,
    /// Whether a pre-release will do.
    pub has_pre: bool,
    /// Where it comes from, beside the usual index or in its place.
    pub indexes: &'w [Index],
}

impl Provisioner {
    /// Unpacks the wheel of a requirement as an interpreter of a version would get it
    /// from these indexes, without what it needs. Nothing of it is built, compiled or imported.
    ///
    /// # Errors
    /// When there is no installer, no such wheel, or no network.
    pub async fn unpack(
        &self,
        wanted: AskedRelease<'_>,
        into: &Path,
        note: Note<'_>,
    ) -> Result<(), ProvisionFailure> {
        self.install_alone(wanted, into, &["--quiet"], note).await.map(|_| ())
    }

    /// The version of a project that [`Provisioner::unpack`] would unpack. Nothing is fetched but what the index says.
    ///
    /// # Errors
    /// As there.
    pub async fn newest(
        &self,
        project: &str,
        wanted: AskedRelease<'_>,
        note: Note<'_>,
    ) -> Result<Option<String>, ProvisionFailure> {
        // Nothing is ever put there.
        let said = self.install_alone(wanted, Path::new("/nonexistent"), &["--dry-run"], note).await?;
        let start = format!("+ {project}==");
        Ok(said.lines().find_map(|line| line.trim().strip_prefix(&start).map(str::to_owned)))
    }

    /// What an installer says while it installs one package without what it needs.
    async fn install_alone(
        &self,
        wanted: AskedRelease<'_>,
        into: &Path,
        options: &[&str],
        note: Note<'_>,
    ) -> Result<String, ProvisionFailure> {
        let AskedRelease { requirement, python, has_pre, indexes } = wanted;
        let uv = self.uv(note).await?;
        let interpreter = self.interpreter(python, note).await?;
        let command = uv
            .command(&self.cache, self.options.offline)
            .args(["pip", "install", "--no-deps", "--only-binary", ":all:", "--no-color"])
            .args(options)
            .args(["--prerelease", if has_pre { "allow" } else { "disallow" }])
            .args(arguments(indexes))
            .args(["--python".as_ref(), interpreter.path.as_os_str()])
            .args(["--target".as_ref(), into.as_os_str()])
            .args([requirement]);
        let captured = process::capture(&command, FETCHING).await?;
        if captured.status.success() {
            return Ok(captured.stderr_text());
        }
        let asked = Asked {
            python: python.to_owned(),
            requirements: vec![requirement.to_owned()],
            companions: false,
            offline: self.options.offline,
        };
        let failed = Speaker::Uv { offline: self.options.offline }.failed("uv", &captured);
        Err(ProvisionFailure::Task { task: Task::Install(asked), failed })
    }
}
