//! Programs that start an interpreter in their own way: once for each rank of a parallel job, on certain cores, ...

use std::collections::BTreeMap;

use super::failure::ProvisionFailure;
use super::options::Means;
use super::tools::{self, Tool};

/// A launcher that is known.
struct Known {
    tool: Tool,
    /// Variables that it reads.
    variables: &'static [(&'static str, &'static str)],
}

/// Starts a program without a network but that to itself. An interpreter cannot leave the network that its launcher
/// and the other ranks need, so that they all leave it together. Where the kernel forbids that, the program starts all
/// the same, and the agent says so.
const WITHOUT_NETWORK: &str = "\
import ctypes, fcntl, os, socket, struct, sys
libc = ctypes.CDLL(None)
if hasattr(libc, 'unshare') and libc.unshare(0x40000000) == 0:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s.fileno(), 0x8914, struct.pack('16sh22x', b'lo', 0x41))
os.execvp(sys.argv[1], sys.argv[1:])
";

const fn open_mpi(program: &'static str) -> Known {
    Known { tool: Tool { program, package: tools::OPEN_MPI.package }, variables: OPEN_MPI }
}

/// It refuses to start for root, and more ranks than cores, unless it is told that this is meant: what runs here is
/// started to be compared, not to be fast.
const OPEN_MPI: &[(&str, &str)] = &[
    ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
    ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
    ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
    // Confined processes cannot read one another's memory; they share some instead.
    ("OMPI_MCA_btl_vader_single_copy_mechanism", "none"),
];

/// Others are started as they are.
const KNOWN: &[Known] = &[
    open_mpi("mpirun"),
    open_mpi("mpiexec"),
    open_mpi("orterun"),
    Known { tool: Tool { program: "numactl", package: "numactl" }, variables: &[] },
];

/// The row of a launcher by its name or path.
fn known(launcher: &[String]) -> Option<&'static Known> {
    let name = launcher.first()?.rsplit('/').next()?;
    KNOWN.iter().find(|known| known.tool.program == name)
}

/// Makes sure that the program of a launcher is there.
pub(super) async fn need(means: Means<'_>, launcher: &[String]) -> Result<(), ProvisionFailure> {
    let Some(program) = launcher.first() else { return Ok(()) };
    if which::which(program).is_ok() {
        return Ok(());
    }
    match tool(launcher) {
        Some(tool) => tools::need(means, &[tool]).await,
        None => Err(ProvisionFailure::NoLauncher(program.clone())),
    }
}

/// The tool of a launcher that is known and that its name alone stands for.
pub(super) fn tool(launcher: &[String]) -> Option<Tool> {
    known(launcher)
        .map(|known| known.tool)
        .filter(|tool| Some(tool.program) == launcher.first().map(String::as_str))
}

/// The arguments that start an interpreter by a launcher. Unknown launchers may need a network to reach those who do
/// what they ask for.
pub(super) fn argv(launcher: &[String], command: &[String]) -> Vec<String> {
    let launched = [launcher, command].concat();
    match (known(launcher), command) {
        (Some(_), [python]) => {
            let alone = [python.clone(), "-c".to_owned(), WITHOUT_NETWORK.to_owned()];
            [&alone[..], &launched].concat()
        }
        _ => launched,
    }
}

/// Whether a launcher starts what it starts on this machine, so that a cage can stand around them all.
pub(super) fn is_local(launcher: &[String]) -> bool {
    launcher.is_empty() || known(launcher).is_some()
}

/// What a launcher wants to find among the environment variables.
pub(super) fn variables(launcher: &[String]) -> BTreeMap<String, String> {
    let variables = known(launcher).map_or(&[][..], |known| known.variables);
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launchers_are_known_by_name_also_behind_a_path() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(variables(&words("/usr/bin/mpirun -n 2"))["OMPI_ALLOW_RUN_AS_ROOT"], "1");
        assert!(variables(&words("nice -n 10")).is_empty());
        assert!(variables(&[]).is_empty());
    }
}
