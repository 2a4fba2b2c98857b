//! Installing what has to be built first: that runs a package's code, so it happens in a cage.

use std::path::{Path, PathBuf};

use super::failure::ProvisionFailure;
use super::reach::{base, prepare_scratch};
use crate::cage::{self, Bind, CagePlan};
use crate::process::Command;
use crate::store;

/// How this machine reaches its index: where names are looked up, and whom it trusts.
const NETWORK: &[&str] =
    &["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/pip.conf", "/etc/uv"];
/// Variables with paths of files of certificates.
const CERTIFICATES: &[&str] =
    &["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"];

/// The same command of an installer in a cage: it sees the system, the interpreter and the environment that is being
/// made, and the network; what it keeps for later goes with `scratch`, since what a build writes there is not believed.
///
/// # Errors
/// Where this machine allows no cage: then nothing is built.
pub(super) fn caged(
    command: Command,
    program: &Path,
    environment: &Path,
    scratch: &Path,
) -> Result<Command, ProvisionFailure> {
    let Some(door) = cage::door() else {
        return Err(ProvisionFailure::NoCage("packages are built in one".to_owned()));
    };
    prepare_scratch(scratch)?;
    let mut env = command.env.clone();
    for (name, folder) in [("UV_CACHE_DIR", "uv"), ("HOME", "home"), ("TMPDIR", "tmp")] {
        let folder = scratch.join(folder);
        store::create_folder(&folder)?;
        env.insert(name.to_owned(), folder.display().to_string());
    }
    let python = environment.join("bin/python");
    let mut view = cage::of_interpreter(&python, &env, false);
    view.files.retain(|(at, _)| !NETWORK.iter().any(|path| at == Path::new(path)));
    view.binds.retain(|bind| bind.to != environment && !NETWORK.iter().any(|path| bind.to.starts_with(path)));
    for path in NETWORK {
        if let Ok(from) = std::fs::canonicalize(path) {
            view.binds.push(Bind { to: path.into(), from, writable: false });
        }
    }
    view.read(CERTIFICATES.iter().filter_map(|name| env.get(*name)).map(PathBuf::from));
    view.read([program.to_owned()]);
    view.binds.extend([Bind::write(environment), Bind::write(scratch)]);
    let plan = CagePlan {
        door,
        base: base(scratch),
        sees_all: false,
        binds: view.binds,
        links: view.links,
        files: view.files,
        network: true,
        folder: scratch.to_owned(),
    };
    let words = cage::command(&plan);
    let caged = Command::from_prefix(&words, env).ok_or(ProvisionFailure::NoCommand)?;
    Ok(caged.args([command.program]).args(command.args).cwd(scratch))
}
