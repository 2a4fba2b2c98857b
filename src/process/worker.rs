//! Processes that stay and are talked to over their standard streams.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;

use super::group::Group;
use super::tail::HeadTail;
use super::{Command, Exit, ProcessError};

/// How long a worker may take to end what it started itself, once nobody wants it any more.
const FAREWELL: Duration = Duration::from_millis(500);
/// Bytes of stderr that are kept.
const STDERR_KEPT: usize = 16 << 10;

/// A started process with open standard streams. Dropping it asks its process group to end, so that a worker can
/// end those of its children that left the group, and ends what is left of it soon after.
#[derive(Debug)]
pub struct WorkerProcess {
    /// Its standard input.
    pub stdin: ChildStdin,
    /// Its standard output.
    pub stdout: ChildStdout,
    // Before `child`, so that it is dropped first.
    group: Group,
    stderr: Arc<Mutex<HeadTail>>,
    drain: Option<JoinHandle<()>>,
    child: Child,
}

/// Starts a process and leaves it running. Its stderr is read all the time and the last 16 KiB are kept.
///
/// # Errors
/// When it cannot be started.
pub fn spawn_worker(command: &Command) -> Result<WorkerProcess, ProcessError> {
    let mut child = command
        .to_tokio()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| command.start_error(source))?;
    let group = Group::of(child.id());
    let (Some(stdin), Some(stdout), Some(mut pipe)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(command.start_error(std::io::Error::other("a standard stream is missing")));
    };
    let stderr = Arc::new(Mutex::new(HeadTail::new(0, STDERR_KEPT)));
    let ring = Arc::clone(&stderr);
    let drain = tokio::spawn(async move {
        let mut buffer = vec![0; 4096];
        while let Ok(read) = pipe.read(&mut buffer).await
            && read > 0
        {
            ring.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..read]);
        }
    });
    Ok(WorkerProcess { stdin, stdout, group, stderr, drain: Some(drain), child })
}

impl WorkerProcess {
    /// Its process id, until [`WorkerProcess::wait`] has returned.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it and everything that it started, at once. [`WorkerProcess::wait`] then returns soon.
    pub fn kill(&self) {
        self.group.kill();
    }

    /// Waits for its end; what it started and left running is ended then. Can be called again.
    pub async fn wait(&mut self) -> Exit {
        // `wait` fails only for a child that was never ours.
        let exit = self.child.wait().await.map(Exit::from).unwrap_or_default();
        self.group.finish();
        // With the group gone the pipe is closed, unless a child left the group: then what came so far must do.
        if let Some(mut drain) = self.drain.take()
            && tokio::time::timeout(Duration::from_millis(200), &mut drain).await.is_err()
        {
            drain.abort();
        }
        exit
    }

    /// The last 16 KiB that it wrote to stderr so far; complete after [`WorkerProcess::wait`].
    pub fn stderr_tail(&self) -> String {
        let ring = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&ring.bytes()).into_owned()
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let asked = self.group.ask_to_end().then(Instant::now);
        while asked.is_some_and(|asked| asked.elapsed() < FAREWELL)
            && matches!(self.child.try_wait(), Ok(None))
        {
            std::thread::sleep(Duration::from_millis(2));
        }
        if let Some(drain) = &self.drain {
            drain.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

    use super::*;
    use crate::process::worker_environment;

    fn shell(script: &str) -> Command {
        Command::new("/bin/sh", worker_environment(std::path::Path::new("/nonexistent"))).args(["-c", script])
    }

    #[tokio::test]
    async fn lines_go_there_and_back() {
        let mut worker = spawn_worker(&shell("read line; echo \"got $line\"; echo bye >&2; exit 7")).unwrap();
        worker.stdin.write_all(b"ping\n").await.unwrap();
        let mut line = String::new();
        BufReader::new(&mut worker.stdout).read_line(&mut line).await.unwrap();
        assert_eq!(line, "got ping\n");
        assert_eq!(worker.wait().await.code, Some(7));
        assert_eq!(worker.wait().await.code, Some(7));
        assert_eq!(worker.stderr_tail(), "bye\n");
    }

    #[tokio::test]
    async fn killing_ends_it() {
        let mut worker = spawn_worker(&shell("sleep 1000")).unwrap();
        assert!(worker.id().is_some());
        worker.kill();
        assert_eq!(worker.wait().await.signal, Some(9));
        worker.kill();
    }
    #[tokio::test]
    async fn dropping_lets_it_end_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'echo bye > farewell; exit' TERM; echo ready; while :; do sleep 0.01; done";
        let mut worker = spawn_worker(&shell(script).cwd(folder.path())).unwrap();
        let mut line = String::new();
        BufReader::new(&mut worker.stdout).read_line(&mut line).await.unwrap();
        drop(worker);
        assert_eq!(std::fs::read_to_string(folder.path().join("farewell")).unwrap(), "bye\n");
    }
}
