//! Work for a processor that belongs to no environment: comparing, hashing, copying and reading artifacts.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::messages::Message;

/// Runs blocking work beside the tasks that wait, a few pieces at a time.
pub(super) struct Pool {
    permits: Arc<Semaphore>,
    running: JoinSet<()>,
    messages: mpsc::UnboundedSender<Message>,
}

impl Pool {
    /// A pool that does so many pieces of work side by side.
    pub fn new(size: usize, messages: mpsc::UnboundedSender<Message>) -> Self {
        Self { permits: Arc::new(Semaphore::new(size.max(1))), running: JoinSet::new(), messages }
    }

    /// Does some work and sends what it came to, or `broken` where it panicked: whoever reads hostile bytes may fail, and
    /// the run goes on without.
    pub fn spawn(&mut self, broken: Vec<Message>, work: impl FnOnce() -> Vec<Message> + Send + 'static) {
        // What has ended needs no place.
        while self.running.try_join_next().is_some() {}
        let (permits, messages) = (Arc::clone(&self.permits), self.messages.clone());
        self.running.spawn(async move {
            // The semaphore is never closed; without a permit there would be more at once, nothing else.
            let _permit = permits.acquire_owned().await.ok();
            let told = tokio::task::spawn_blocking(work).await.unwrap_or(broken);
            // A closed channel means that the dispatcher has gone; then nobody needs the messages.
            told.into_iter().for_each(|message| drop(messages.send(message)));
        });
    }

    /// Waits until everything is done.
    pub async fn drain(&mut self) {
        while self.running.join_next().await.is_some() {}
    }

    /// Begins nothing more; what has begun comes to its end unheard.
    pub async fn stop(&mut self) {
        self.running.shutdown().await;
    }
}
