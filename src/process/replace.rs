//! This process becomes another program, which then ends as it ends, gets its signals and has its terminal.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Becomes a program with these arguments and, beside everything that this process has, these variables. Returns only where
/// that is not possible, with the reason.
pub fn replace(
    program: &OsStr,
    arguments: &[OsString],
    variables: impl IntoIterator<Item = (&'static str, OsString)>,
) -> io::Error {
    Command::new(program).args(arguments).envs(variables).exec()
}
