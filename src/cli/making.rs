//! How environments are made, from what was typed; asking a person before something is installed.

use super::args::MakingArgs;
use super::console;
use crate::matrix::EnvironmentSpec;
use crate::provision::{ProvisionOptions, Provisioner, ToolConsent};
use crate::store::CacheRoot;

/// The options that were typed.
pub(super) fn options(making: MakingArgs) -> ProvisionOptions {
    ProvisionOptions {
        refresh: making.refresh,
        offline: making.offline,
        install_tools: if making.install_tools { ToolConsent::Given } else { ToolConsent::Unasked },
        ..ProvisionOptions::default()
    }
}

/// A provisioner for these environments. Where Debian packages are missing that nobody has agreed to install, a person
/// at a terminal is asked, once and before anything starts; elsewhere the environments say what they lack.
pub(super) fn provisioner(
    cache: &CacheRoot,
    making: MakingArgs,
    environments: &[EnvironmentSpec],
) -> Provisioner {
    let mut options = options(making);
    let provisioner = Provisioner::new(cache.clone(), options.clone());
    let packages = provisioner.packages_to_ask_for(environments);
    if packages.is_empty() {
        return provisioner;
    }
    let question = format!(
        "Some environments need Debian packages that are not installed here.\nRun `sudo apt-get install -y {}` now?",
        packages.join(" ")
    );
    if !console::agrees(&question) {
        return provisioner;
    }
    options.install_tools = ToolConsent::Given;
    Provisioner::new(cache.clone(), options)
}
