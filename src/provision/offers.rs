//! What this machine offers for 32-bit and foreign environments, for `shelflife doctor`. Changes nothing.

use super::emulator::CPUS;
use super::tools::{self, ARCH_TEST, BWRAP, MMDEBSTRAP, NEWUIDMAP, OPEN_MPI};
use super::{debian, engine, sandbox};

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
pub(super) async fn all() -> Vec<Offer> {
    let root = tools::is_root();
    let may_install = tools::find("apt-get").is_some() && tools::privilege().await.is_some();
    let mut offers: Vec<Offer> =
        [Some(MMDEBSTRAP), Some(BWRAP), Some(ARCH_TEST), (!root).then_some(NEWUIDMAP)]
            .into_iter()
            .flatten()
            .map(|tool| match tools::find(tool.program) {
                Some(path) => offer(tool.program, true, path.display().to_string()),
                None if may_install => offer(
                    tool.program,
                    false,
                    format!("missing; the first Debian tree installs {}", tool.package),
                ),
                None => {
                    offer(tool.program, false, format!("missing: sudo apt-get install -y {}", tool.package))
                }
            })
            .collect();
    offers.push(match tools::find(OPEN_MPI.program) {
        Some(path) => offer(OPEN_MPI.program, true, path.display().to_string()),
        None if may_install => offer(
            OPEN_MPI.program,
            false,
            format!("missing; the first launcher of it installs {}", OPEN_MPI.package),
        ),
        None => {
            offer(OPEN_MPI.program, false, format!("missing: sudo apt-get install -y {}", OPEN_MPI.package))
        }
    });
    if let Some(bwrap) = tools::find(BWRAP.program) {
        offers.push(match sandbox::check(&bwrap).await {
            Ok(()) => offer("user namespaces", true, "bubblewrap can make a sandbox".to_owned()),
            Err(failure) => offer("user namespaces", false, failure.to_string().replace('\n', "; ")),
        });
    }
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
        } else if may_install {
            offer(&what, false, "not yet: the first tree of it installs and registers qemu-user".to_owned())
        } else {
            let detail = "no emulator: sudo apt-get install -y qemu-user-static (and binfmt_misc mounted)";
            offer(&what, false, detail.to_owned())
        });
    }
    offers.push(match engine::engine().await {
        Ok(engine) => offer("containers", true, engine.name),
        Err(failure) => offer("containers", false, failure.to_string().replace('\n', "; ")),
    });
    offers
}

fn offer(what: &str, ready: bool, detail: String) -> Offer {
    Offer { what: what.to_owned(), ready, detail }
}
