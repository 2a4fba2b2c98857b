//! Becoming a cage: what the hidden subcommand does. Two processes, since whoever asks for processes of its own does not
//! get them itself; its next child does.
//!
//! ```text
//! shelflife __cage PLAN -- python ...    leaves: namespaces of users, files, network, names, shared memory
//!   └ shelflife __caged PLAN -- python   the first process in there: the files, no powers to gain, a filter
//!       └ python ...                     when it ends, the first process ends, and the kernel ends all others
//! ```

use std::io;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getgid, getuid, setgroups, sethostname};

use super::plan::{CagePlan, Door};
use super::{filter, mounts};
use crate::process;

/// The hidden subcommands.
pub(super) const OUTER: &str = "__cage";
const INNER: &str = "__caged";
/// How a cage ends that could not be made.
pub(super) const UNMADE: u8 = 125;
/// A shell's way to say that a signal ended a process.
const BY_SIGNAL: i32 = 128;

/// Makes a cage where this process was started to do so; its exit code is that of what ran inside.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args();
    let stage = arguments.nth(1).filter(|stage| stage == OUTER || stage == INNER)?;
    let plan = arguments.next().unwrap_or_default();
    let command: Vec<String> = arguments.skip_while(|word| word == "--").collect();
    let done = serde_json::from_str::<CagePlan>(&plan).map_err(io::Error::other).and_then(|parsed| {
        if stage == OUTER { leave(&parsed, &plan, &command) } else { settle(&parsed, &command) }
    });
    Some(match done {
        Ok(code) => code,
        Err(error) => {
            eprint_line(&format!("shelflife: no cage could be made: {error}"));
            ExitCode::from(UNMADE)
        }
    })
}

#[expect(clippy::print_stderr, reason = "this process has nobody else to tell")]
fn eprint_line(text: &str) {
    eprintln!("{text}");
}

/// Leaves the namespaces of this machine, and waits for what runs in the new ones.
fn leave(plan: &CagePlan, text: &str, command: &[String]) -> io::Result<ExitCode> {
    let (user, group) = (getuid(), getgid());
    if user.is_root() {
        // What groups root is in is nobody's business in there. Where it may not say so, it is no real root.
        let _ = setgroups(&[]);
    }
    unshare(namespaces(plan)).map_err(|error| refused("new namespaces", error))?;
    if plan.door.users {
        // The order is the kernel's: groups of a process that may not set them can be mapped.
        write("/proc/self/setgroups", "deny")?;
        write("/proc/self/uid_map", &format!("{user} {user} 1"))?;
        write("/proc/self/gid_map", &format!("{group} {group} 1"))?;
    }
    if !user.is_root() {
        keep_powers()?;
    }
    let words = [&[INNER.to_owned(), text.to_owned(), "--".to_owned()], command].concat();
    let child = process::start_attached("/proc/self/exe", &words)?;
    match waitpid(child, None) {
        Ok(WaitStatus::Exited(_, code)) if code > BY_SIGNAL => Ok(end_alike(code)),
        Ok(WaitStatus::Exited(_, code)) => Ok(exit_code(code)),
        Ok(WaitStatus::Signaled(_, signal, _)) => Ok(end_alike(BY_SIGNAL + signal as i32)),
        Ok(other) => Err(io::Error::other(format!("unexpected: {other:?}"))),
        Err(error) => Err(error.into()),
    }
}

/// Whoever is not root loses all powers with the next program, unless they are said to stay. They are those of the new
/// namespace of users; cells give them up.
fn keep_powers() -> io::Result<()> {
    let all = caps::runtime::procfs_all_supported(None).unwrap_or_else(|_| caps::all());
    caps::set(None, caps::CapSet::Inheritable, &all).map_err(io::Error::other)?;
    caps::set(None, caps::CapSet::Ambient, &all).map_err(io::Error::other)
}

fn namespaces(plan: &CagePlan) -> CloneFlags {
    let mut wanted = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWCGROUP;
    let Door { users, processes } = plan.door;
    wanted.set(CloneFlags::CLONE_NEWUSER, users);
    wanted.set(CloneFlags::CLONE_NEWPID, processes);
    wanted.set(CloneFlags::CLONE_NEWNET, !plan.network);
    wanted
}

/// The first process of a cage.
fn settle(plan: &CagePlan, command: &[String]) -> io::Result<ExitCode> {
    // When the process outside is gone, this one goes, and with it everything in here.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    // Only for the eye.
    let _ = sethostname("shelflife");
    forbid_further_namespaces();
    mounts::enter(plan)?;
    nix::sys::prctl::set_no_new_privs()?;
    let program = filter::for_cage();
    if !program.is_empty() {
        // A kernel without filters: the agent finds out and says so.
        let _ = seccompiler::apply_filter(&program);
    }
    let Some((program, words)) = command.split_first() else {
        return Err(io::Error::other("there is nothing to run"));
    };
    let child = process::start_attached(program, words)
        .map_err(|error| io::Error::other(format!("cannot start `{program}`: {error}")))?;
    loop {
        match waitpid(None::<Pid>, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == child => return Ok(exit_code(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => {
                return Ok(exit_code(BY_SIGNAL + signal as i32));
            }
            // An orphan, of whom nobody wants to know how it ended.
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// No process in here makes a namespace of users, in which it would have the powers that it has lost.
fn forbid_further_namespaces() {
    // Of a kernel before 4.9, or without `/proc`: then filters forbid it alone.
    let _ = write("/proc/sys/user/max_user_namespaces", "0");
}

#[expect(clippy::disallowed_methods, reason = "files of the kernel")]
fn write(path: &str, text: &str) -> io::Result<()> {
    std::fs::write(path, text).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
}

fn refused(what: &str, error: Errno) -> io::Error {
    let error = io::Error::from(error);
    io::Error::new(error.kind(), format!("the kernel refuses {what}: {error}"))
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(UNMADE))
}

/// Ends as what ran inside has ended, so that whoever waits sees the same.
fn end_alike(code: i32) -> ExitCode {
    if let Ok(signal) = Signal::try_from(code - BY_SIGNAL) {
        // Where the signal does not end this process, the exit code says the same.
        let _ = nix::sys::signal::raise(signal);
    }
    exit_code(code)
}
