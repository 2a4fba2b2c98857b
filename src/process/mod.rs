//! Layer 2: the only module that spawns processes.
//!
//! Every process starts in a process group of its own with a complete, declared environment: nothing of the
//! caller's environment leaks in. A process that is no longer wanted takes its whole group with it, because
//! `pip`, `uv` and scikit-learn start children of their own.
//!
//! Architecture Invariant: this module knows neither Python nor environments; it imports nothing of this crate.

mod attached;
mod capture;
mod environment;
mod group;
mod replace;
mod tail;
mod worker;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

pub use attached::start_attached;
pub use capture::{Captured, capture, capture_with_input};
pub use environment::{base_environment, worker_environment};
pub use group::end_all_at_home;
pub use replace::replace;
pub use worker::{WorkerProcess, spawn_worker};

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Path of the program, or a name to be looked up in the `PATH` of `env`.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its complete environment; nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// Its working folder; the caller's where `None`.
    pub cwd: Option<PathBuf>,
}

impl Command {
    /// A command without arguments.
    pub fn new(program: impl Into<OsString>, env: BTreeMap<String, String>) -> Self {
        Self { program: program.into(), args: Vec::new(), env, cwd: None }
    }

    /// A command from an argv prefix such as `["ssh", "edge", "python3"]`; `None` for an empty one.
    pub fn from_prefix(prefix: &[String], env: BTreeMap<String, String>) -> Option<Self> {
        let (program, args) = prefix.split_first()?;
        Some(Self::new(program, env).args(args))
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets the working folder.
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that makes processes")]
    fn to_tokio(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.args).env_clear().envs(&self.env).process_group(0);
        if let Some(folder) = &self.cwd {
            command.current_dir(folder);
        }
        command
    }

    fn start_error(&self, source: std::io::Error) -> ProcessError {
        ProcessError::Start { program: self.program.to_string_lossy().into_owned(), source }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.to_string_lossy())?;
        for arg in &self.args {
            write!(f, " {}", arg.to_string_lossy())?;
        }
        Ok(())
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Its exit status, where it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl Exit {
    /// Whether it ended by itself with status 0.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        Self { code: status.code(), signal: status.signal() }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "ended with status {code}"),
            (None, Some(signal)) => match nix::sys::signal::Signal::try_from(signal) {
                Ok(name) => write!(f, "was ended by {name}"),
                Err(_) => write!(f, "was ended by signal {signal}"),
            },
            (None, None) => f.write_str("ended in an unknown way"),
        }
    }
}

/// Why a process gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// What was to be started.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It was ended because it took too long.
    #[error("`{program}` did not end within {} s and was stopped", limit.as_secs_f64())]
    TimedOut {
        /// What ran.
        program: String,
        /// The limit.
        limit: Duration,
        /// What it had written to stderr so far (the beginning and the end).
        stderr: Vec<u8>,
    },
    /// It was ended because it wrote too much.
    #[error("`{program}` wrote more than {limit_bytes} bytes to its standard output and was stopped")]
    TooMuchOutput {
        /// What ran.
        program: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// Talking to it failed.
    #[error("lost contact with `{program}`: {source}")]
    Contact {
        /// What ran.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl ProcessError {
    /// Whether the program does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Start { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}
