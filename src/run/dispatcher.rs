//! The loop of a run: act, listen, take in, until nothing is left to do or somebody asks it to end.

use std::time::Instant;

use tokio::sync::mpsc;

use super::desk::Desk;
use super::host::Host;
use super::messages::Message;
use super::request::{RunError, RunReport};

/// Messages that are taken in before anything is done about them.
const TOGETHER: usize = 128;

/// The one task that everybody reports to.
pub(super) struct Dispatcher<'a, H: Host> {
    desk: Desk<'a, H>,
    messages: mpsc::UnboundedReceiver<Message>,
    started: Instant,
}

impl<'a, H: Host> Dispatcher<'a, H> {
    pub fn new(desk: Desk<'a, H>, messages: mpsc::UnboundedReceiver<Message>) -> Self {
        Self { desk, messages, started: Instant::now() }
    }

    /// Goes on until nothing is left to do, or until somebody asks it to end.
    pub async fn run(mut self, interrupt: impl Future<Output = ()>) -> Result<RunReport, RunError> {
        // One listener for the whole run: a new one would not hear what came while a message was handled.
        let mut interrupt = std::pin::pin!(interrupt);
        let mut interrupted = false;
        while !interrupted && self.desk.act()? {
            tokio::select! {
                biased;
                () = &mut interrupt => interrupted = true,
                message = self.messages.recv() => match message {
                    Some(message) => self.take_in(message)?,
                    None => break,
                },
            }
        }
        tracing::debug!(interrupted, "the run ends");
        self.desk.stop().await;
        while let Ok(message) = self.messages.try_recv() {
            if let Message::Compared { .. } = message {
                self.desk.handle(message)?;
            }
        }
        self.desk.doubt().await?;
        let seconds = self.started.elapsed().as_secs_f64();
        let (state, counts) = self.desk.finish(seconds, interrupted).await?;
        Ok(RunReport { state, counts, interrupted })
    }

    /// Takes in a message, and those that came with it: a batch has many results, and what follows from them can be
    /// asked for together.
    fn take_in(&mut self, message: Message) -> Result<(), RunError> {
        self.desk.handle(message)?;
        for _ in 0..TOGETHER {
            match self.messages.try_recv() {
                Ok(message) => self.desk.handle(message)?,
                Err(_) => break,
            }
        }
        Ok(())
    }
}
