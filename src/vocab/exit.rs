//! Exit codes as a public type.

/// What the process says to its caller. `2` (usage) is clap's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, and nothing contradicts what was asked.
    Done = 0,
    /// An internal error: a defect of shelflife or of the machine.
    Internal = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The selection is empty: nothing would run.
    NothingSelected = 4,
    /// Judged, and bad: drift, a regression, an unexpected failure.
    Judged = 100,
    /// Could not judge: a required environment or cell has no verdict.
    CouldNotJudge = 101,
    /// A matrix, dataset or artifact is invalid.
    InvalidInput = 102,
    /// A report or another output cannot be written.
    CannotWrite = 110,
    /// Interrupted by the user.
    Interrupted = 130,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
