//! A process in the place of this one: same streams, same variables, same group.

use std::io;

use nix::unistd::Pid;

/// Starts a program that shares everything with this process: for one whose only purpose is to start another. The
/// caller collects it.
///
/// # Errors
/// When it cannot be started.
pub fn start_attached(program: &str, words: &[String]) -> io::Result<Pid> {
    let child = std::process::Command::new(program).args(words).spawn()?;
    // Numbers of processes are positive and far below this bound.
    i32::try_from(child.id()).map(Pid::from_raw).map_err(io::Error::other)
}
