//! One release of a package, unpacked from its wheel into a folder that is no environment: to be read, not to be run.

use std::path::Path;
use std::time::Duration;

use super::failure::{Asked, ProvisionFailure, Task};
use super::told::Speaker;
use super::{Note, Provisioner};
use crate::process;

/// How long fetching one wheel may take.
const FETCHING: Duration = Duration::from_secs(900);

impl Provisioner {
    /// Unpacks the wheel of a requirement such as `scikit-learn==1.10.0rc1`, as an interpreter of a version would get it,
    /// without what it needs. Nothing of it is built, compiled or imported.
    ///
    /// # Errors
    /// When there is no installer, no such wheel, or no network.
    pub async fn unpack(
        &self,
        requirement: &str,
        python: &str,
        into: &Path,
        note: Note<'_>,
    ) -> Result<(), ProvisionFailure> {
        let uv = self.uv(note).await?;
        let interpreter = self.interpreter(python, note).await?;
        let command = uv
            .command(&self.cache, self.options.offline)
            .args([
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--prerelease",
                "allow",
            ])
            .args(["--python".as_ref(), interpreter.path.as_os_str()])
            .args(["--target".as_ref(), into.as_os_str()])
            .args([requirement]);
        let captured = process::capture(&command, FETCHING).await?;
        if captured.status.success() {
            return Ok(());
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
