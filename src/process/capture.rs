//! Processes that run to their end and whose output is collected.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::group::Group;
use super::tail::HeadTail;
use super::{Command, Exit, ProcessError};

/// Most bytes that are collected from a standard output.
const STDOUT_LIMIT: usize = 64 << 20;
/// Bytes of stderr that are kept at either end.
const STDERR_KEPT: usize = 64 << 10;

/// What a process that ended by itself left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// How it ended.
    pub status: Exit,
    /// Everything that it wrote to stdout, at most 64 MiB.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr: the first and the last 64 KiB.
    pub stderr: Vec<u8>,
}

impl Captured {
    /// stderr as text.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// stdout as text.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Runs a command to its end with an empty standard input. Its whole process group is ended when it takes
/// longer than `timeout`, and when the future is dropped.
///
/// # Errors
/// When it cannot be started, takes too long or writes too much. Any exit status is a success here.
pub async fn capture(command: &Command, timeout: Duration) -> Result<Captured, ProcessError> {
    capture_with_input(command, &[], timeout).await
}

/// As [`capture`], with these bytes on its standard input.
///
/// # Errors
/// As [`capture`]. A process that does not read its input is no error.
pub async fn capture_with_input(
    command: &Command,
    input: &[u8],
    timeout: Duration,
) -> Result<Captured, ProcessError> {
    let program = || command.program.to_string_lossy().into_owned();
    let contact = |source| ProcessError::Contact { program: program(), source };

    let mut child = command
        .to_tokio()
        .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| command.start_error(source))?;
    // Declared after `child`, so that it is dropped first: the number is surely ours until the child is reaped.
    let group = Group::of(child.id());
    let missing = || contact(io::Error::other("a standard stream is missing"));
    let stdin = child.stdin.take();
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;

    let mut kept = HeadTail::new(STDERR_KEPT, STDERR_KEPT);
    let everything = async {
        let write = async {
            if let Some(mut stdin) = stdin {
                // A reader that has seen enough closes the pipe; that is its right.
                let _ = stdin.write_all(input).await;
            }
            Ok(())
        };
        // An `Err` of one ends the others: too much output must not wait for the process.
        tokio::try_join!(write, read_bounded(stdout), drain(stderr, &mut kept), async {
            child.wait().await.map_err(Stop::Io)
        })
    };
    let ended = tokio::time::timeout(timeout, everything).await;
    let result = match ended {
        Ok(Ok(((), stdout, (), status))) => {
            group.finish();
            return Ok(Captured { status: status.into(), stdout, stderr: kept.bytes() });
        }
        Ok(Err(Stop::TooMuch)) => {
            Err(ProcessError::TooMuchOutput { program: program(), limit_bytes: STDOUT_LIMIT })
        }
        Ok(Err(Stop::Io(source))) => Err(contact(source)),
        Err(_) => Err(ProcessError::TimedOut { program: program(), limit: timeout, stderr: kept.bytes() }),
    };
    group.kill();
    // Reap it; after SIGKILL this cannot last.
    let _ = child.wait().await;
    group.finish();
    result
}

enum Stop {
    TooMuch,
    Io(io::Error),
}

async fn read_bounded(stream: impl AsyncRead + Unpin) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let read = stream.take(STDOUT_LIMIT as u64 + 1).read_to_end(&mut bytes).await.map_err(Stop::Io)?;
    if read > STDOUT_LIMIT { Err(Stop::TooMuch) } else { Ok(bytes) }
}

async fn drain(mut stream: impl AsyncRead + Unpin, kept: &mut HeadTail) -> Result<(), Stop> {
    let mut buffer = vec![0; 8192];
    loop {
        match stream.read(&mut buffer).await.map_err(Stop::Io)? {
            0 => return Ok(()),
            read => kept.push(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::worker_environment;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        Command::new("/bin/sh", worker_environment(std::path::Path::new("/nonexistent"))).args(["-c", script])
    }

    #[tokio::test]
    async fn streams_status_and_input_arrive() {
        let command = shell("cat; echo oops >&2; exit 3");
        let captured = capture_with_input(&command, b"hello", LONG).await.unwrap();
        assert_eq!(captured.stdout, b"hello");
        assert_eq!(captured.stderr, b"oops\n");
        assert_eq!(captured.status, Exit { code: Some(3), signal: None });
        let captured = capture(&shell("kill -SEGV $$"), LONG).await.unwrap();
        assert_eq!(captured.status.signal, Some(11));
        assert_eq!(captured.status.to_string(), "was ended by SIGSEGV");
    }

    #[tokio::test]
    async fn the_callers_environment_does_not_leak() {
        let captured = capture(&shell("env"), LONG).await.unwrap();
        let text = captured.stdout_text();
        assert!(text.contains("OMP_NUM_THREADS=1"), "{text}");
        assert!(!text.contains("CARGO"), "{text}");
    }

    #[tokio::test]
    async fn a_time_limit_ends_grandchildren_too() {
        let command = shell("sleep 1000 & echo $! >&2; wait");
        let error = capture(&command, Duration::from_millis(300)).await.unwrap_err();
        let ProcessError::TimedOut { stderr, .. } = error else { panic!("{error}") };
        let Ok(pid) = String::from_utf8_lossy(&stderr).trim().parse() else {
            return; // A machine so slow that the shell had not even started.
        };
        let pid = nix::unistd::Pid::from_raw(pid);
        for _ in 0..1_000_000 {
            // Dead, or dead and waiting for whoever adopted it.
            let state = fs_err::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if state.is_empty() || state.contains(") Z") {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("{pid} still lives");
    }

    #[tokio::test]
    async fn a_missing_program_is_told_apart() {
        let command = Command::new("/nonexistent/python", Default::default());
        let error = capture(&command, LONG).await.unwrap_err();
        assert!(error.is_not_found());
        assert!(error.to_string().contains("/nonexistent/python"), "{error}");
    }

    #[tokio::test]
    async fn endless_output_is_stopped() {
        let error = capture(&shell("cat /dev/zero"), LONG).await.unwrap_err();
        assert!(matches!(error, ProcessError::TooMuchOutput { .. }), "{error}");
    }
}
