//! Process groups: ending a process together with everything that it started.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How often processes that multiply are looked for.
const ROUNDS: usize = 20;

/// The process group of a child that was started with `process_group(0)`. Dropping it ends the group.
#[derive(Debug)]
pub(super) struct Group(AtomicI32);

impl Group {
    /// The group that a started child leads. A child that was already reaped has none.
    pub(super) fn of(pid: Option<u32>) -> Self {
        Self(AtomicI32::new(pid.and_then(|pid| i32::try_from(pid).ok()).unwrap_or(0)))
    }

    /// Sends SIGKILL to every process in the group.
    pub(super) fn kill(&self) {
        send(self.0.load(Ordering::Acquire), Signal::SIGKILL);
    }

    /// Asks every process in the group to end. Returns whether there is a group left.
    pub(super) fn ask_to_end(&self) -> bool {
        let group = self.0.load(Ordering::Acquire);
        send(group, Signal::SIGTERM);
        group > 1
    }

    /// Ends what is left of the group and forgets it. To be called right after its leader was reaped: later,
    /// the number could belong to somebody else.
    pub(super) fn finish(&self) {
        send(self.0.swap(0, Ordering::AcqRel), Signal::SIGKILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Ends every process that was started with this home folder, whatever group it is in by now: children of a worker
/// that died without ending them itself. The folder must be a worker's own. Returns how many there were.
pub fn end_all_at_home(home: &Path) -> usize {
    let mut mark = b"HOME=".to_vec();
    mark.extend_from_slice(home.as_os_str().as_bytes());
    let mut ended = 0;
    // What forks while it is looked at is found in the next round.
    for _ in 0..ROUNDS {
        let found = started_with(&mark);
        if found.is_empty() {
            break;
        }
        ended += found.len();
        for pid in found {
            // It may be gone already, and then it is where it should be.
            let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
        }
    }
    ended
}

fn started_with(mark: &[u8]) -> Vec<Pid> {
    let Ok(entries) = fs_err::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| *pid != std::process::id())
        .filter(|pid| {
            // Other users' processes, and those that have just ended, cannot be read. The environment of one that
            // was killed and waits to be collected is empty.
            fs_err::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == mark))
        })
        .filter_map(|pid| i32::try_from(pid).ok().map(Pid::from_raw))
        .collect()
}

fn send(group: i32, signal: Signal) {
    // 0 would be our own group and 1 belongs to init (killpg(1) is kill(-1): every process there is).
    if group > 1
        && let Err(error) = killpg(Pid::from_raw(group), signal)
        && error != Errno::ESRCH
    {
        tracing::warn!(group, %error, "cannot end a process group");
    }
}
