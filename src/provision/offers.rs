//! What this machine offers for 32-bit and foreign environments, for `shelflife doctor`. Changes nothing.

use super::emulator::{CPUS, Cpu};
use super::tools::{self, ARCH_TEST, MMDEBSTRAP, NEWUIDMAP, OPEN_MPI, Tool};
use super::words::NAMESPACES;
use super::{debian, engine};
use crate::cage;
use crate::store::CacheRoot;

/// One thing that some runtime needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is.
    pub what: String,
    /// Whether it can be used as it stands.
    pub ready: bool,
    /// Where it is, or what to do.
    pub detail: String,
}

/// Everything beyond Python and uv.
pub(super) async fn all(cache: &CacheRoot) -> Vec<Offer> {
    let programs = [Some(MMDEBSTRAP), Some(ARCH_TEST), uidmap(), Some(OPEN_MPI)];
    let mut offers: Vec<Offer> = programs
        .into_iter()
        .flatten()
        .map(|tool| match tools::find(tool.program) {
            Some(path) => offer(tool.program, true, path.display().to_string()),
            None => offer(tool.program, false, missing(tool.package)),
        })
        .collect();
    offers.push(cages(cache).await);
    offers.push(filters());
    offers.push(match debian::mirror() {
        Some(mirror) => offer("Debian mirror", true, mirror),
        None => {
            offer("Debian mirror", false, "apt knows none: give trees a `mirror` in the matrix".to_owned())
        }
    });
    for cpu in CPUS {
        let what = format!("CPU {}", cpu.arch);
        offers.push(if cpu.is_native() {
            offer(&what, true, "native".to_owned())
        } else if cpu.is_registered() {
            offer(&what, true, "emulated by qemu-user".to_owned())
        } else {
            let detail =
                format!("no emulator; {} (binfmt_misc must be mounted)", missing(cpu.emulator().package));
            offer(&what, false, detail)
        });
    }
    offers.push(match engine::engine().await {
        Ok(engine) => offer("containers", true, engine.name),
        Err(failure) => offer("containers", false, failure.to_string().replace('\n', "; ")),
    });
    offers
}

/// Whether namespaces can be had, of which the cages of cells are made.
async fn cages(cache: &CacheRoot) -> Offer {
    let what = "cages (namespaces)";
    let base = match cache.scratch("cage") {
        Ok(base) => base,
        Err(error) => return offer(what, false, error.to_string()),
    };
    let allowed = cage::allowed(base.path()).await;
    let refusal = allowed.refusal.as_deref().unwrap_or_default().replace('\n', "; ");
    match allowed.door {
        Some(door) if door.processes => {
            offer(what, true, "files, processes and network of their own".to_owned())
        }
        Some(_) => offer(what, false, format!("files and network, but no processes of their own: {refusal}")),
        None => offer(what, false, format!("{refusal}; {NAMESPACES}")),
    }
}

/// Whether the kernel filters system calls, and asks about what it refuses.
fn filters() -> Offer {
    let what = "cages (filters)";
    let actions = std::fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail").unwrap_or_default();
    match (actions.contains("errno"), actions.contains("user_notif")) {
        (true, true) => offer(what, true, "system calls are refused, and what was tried is told".to_owned()),
        (true, false) => {
            offer(what, true, "system calls are refused; what was tried is not told (Linux 5.0)".to_owned())
        }
        (false, _) => offer(what, false, "this kernel filters no system calls".to_owned()),
    }
}

/// How a package that is missing comes here.
fn missing(package: &str) -> String {
    format!("missing: sudo apt-get install -y {package}, or `shelflife doctor --fix`")
}

/// Ordinary users need ranges of ids for Debian trees.
fn uidmap() -> Option<Tool> {
    (!tools::is_root()).then_some(NEWUIDMAP)
}

/// Every program that Debian has a package of and that some environment needs.
pub(super) fn tools() -> Vec<Tool> {
    let emulators = CPUS.iter().filter(|cpu| !cpu.is_native() && !cpu.is_registered()).map(Cpu::emulator);
    let own = [Some(MMDEBSTRAP), Some(ARCH_TEST), uidmap(), Some(OPEN_MPI)];
    own.into_iter().flatten().chain(emulators).collect()
}

fn offer(what: &str, ready: bool, detail: String) -> Offer {
    Offer { what: what.to_owned(), ready, detail }
}
