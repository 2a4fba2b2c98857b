//! Process groups: ending a process together with everything that it started.

use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

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

fn send(group: i32, signal: Signal) {
    // 0 would be our own group and 1 belongs to init (killpg(1) is kill(-1): every process there is).
    if group > 1
        && let Err(error) = killpg(Pid::from_raw(group), signal)
        && error != Errno::ESRCH
    {
        tracing::warn!(group, %error, "cannot end a process group");
    }
}
