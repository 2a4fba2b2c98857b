//! How environments are to be made, and what everything that makes one is given.

use std::time::Duration;

use crate::cage::{self, Allowed};
use crate::store::CacheRoot;

/// Receives one line for people about something that takes a while.
pub type Note<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Whether Debian packages may be installed on this machine, and emulators registered with its kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolConsent {
    /// Somebody has agreed to it.
    Given,
    /// Nobody was asked: it is done only where it can surprise nobody, by root in a container or in CI.
    #[default]
    Unasked,
}

/// How environments are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionOptions {
    /// Makes every environment anew.
    pub refresh: bool,
    /// Never uses the network.
    pub offline: bool,
    /// Reads all bytes of an environment before it is used, rather than sizes and times.
    pub verify: bool,
    /// Age after which an environment with floating versions is resolved anew.
    pub max_age_of_floating: Duration,
    /// Whether Debian packages may be installed on this machine.
    pub install_tools: ToolConsent,
    /// Whether packages without wheels may be built in any environment, which runs their code.
    pub allow_build: bool,
    /// Whether an environment whose cells cannot be kept from this machine is not used at all.
    pub require_isolation: bool,
}

impl Default for ProvisionOptions {
    fn default() -> Self {
        Self {
            refresh: false,
            offline: false,
            verify: false,
            max_age_of_floating: Duration::from_secs(12 * 3600),
            install_tools: ToolConsent::default(),
            allow_build: false,
            require_isolation: false,
        }
    }
}

/// What everything that makes an environment is given.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    pub(super) cache: &'a CacheRoot,
    pub(super) options: &'a ProvisionOptions,
    pub(super) note: Note<'a>,
}

impl Means<'_> {
    /// What cages this machine allows.
    pub(super) async fn cage(&self) -> std::io::Result<&'static Allowed> {
        let base = self.cache.scratch("cage")?;
        Ok(cage::allowed(base.path()).await)
    }
}
