//! Permits at the cores: how many batches run side by side, and who is next.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// What one environment has left to do; written by the dispatcher and the executor, read here.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// Imports and trainings: the cells of all environments wait for them.
    pub first: AtomicUsize,
    /// Everything else.
    pub then: AtomicUsize,
}

impl Backlog {
    /// Larger is more urgent: what others wait for, then the longest queue, since an environment does its batches
    /// one after another and the last one to finish ends the run.
    fn urgency(&self) -> (bool, usize) {
        (self.first.load(Ordering::Relaxed) > 0, self.then.load(Ordering::Relaxed))
    }
}

/// A number of permits, handed to the most urgent of those who wait.
#[derive(Debug)]
pub(super) struct Permits(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// In order of arrival.
    waiting: Vec<(Arc<Backlog>, oneshot::Sender<Permit>)>,
}

/// The right to keep one core busy, given back when dropped.
#[derive(Debug)]
pub(super) struct Permit(Arc<Permits>);

impl Permits {
    pub fn new(count: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { free: count.max(1), waiting: Vec::new() })))
    }

    /// Waits for a permit. `backlog` is looked at whenever one becomes free.
    pub async fn take(self: &Arc<Self>, backlog: &Arc<Backlog>) -> Permit {
        let permit = {
            let mut state = self.state();
            if state.free == 0 {
                let (sender, permit) = oneshot::channel();
                state.waiting.push((Arc::clone(backlog), sender));
                Some(permit)
            } else {
                state.free -= 1;
                None
            }
        };
        match permit {
            // Senders are dropped with `self` only.
            Some(permit) => permit.await.unwrap_or_else(|_| Permit(Arc::clone(self))),
            None => Permit(Arc::clone(self)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state();
            // The first of equals, hence the reversal: `max_by_key` gives the last.
            let most =
                state.waiting.iter().enumerate().rev().max_by_key(|(_, (backlog, _))| backlog.urgency());
            match most.map(|(index, _)| index) {
                Some(index) => state.waiting.remove(index).1,
                None => {
                    state.free += 1;
                    return;
                }
            }
        };
        // When nobody waits at the other end any more, dropping what comes back passes the permit on.
        drop(next.send(Self(Arc::clone(&self.0))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backlog(first: usize, then: usize) -> Arc<Backlog> {
        Arc::new(Backlog { first: first.into(), then: then.into() })
    }

    #[tokio::test]
    async fn the_most_urgent_is_next_and_the_first_of_equals() {
        let permits = Permits::new(1);
        let held = permits.take(&backlog(0, 0)).await;
        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        let mut tasks = tokio::task::JoinSet::new();
        for (name, first, then) in [("short", 0, 1), ("long", 0, 9), ("as long", 0, 9), ("training", 1, 0)] {
            let (shared, sender) = (Arc::clone(&permits), sender.clone());
            tasks.spawn(async move {
                let _permit = shared.take(&backlog(first, then)).await;
                let _ = sender.send(name);
            });
            // Until it waits.
            while permits.state().waiting.len() < tasks.len() {
                tokio::task::yield_now().await;
            }
        }
        drop((held, sender));
        let mut seen = Vec::new();
        while let Some(name) = order.recv().await {
            seen.push(name);
        }
        assert_eq!(seen, ["training", "long", "as long", "short"]);
        tasks.join_all().await;
        assert_eq!(permits.state().free, 1);
    }

    #[tokio::test]
    async fn a_permit_that_nobody_waits_for_any_more_is_passed_on() {
        let permits = Permits::new(1);
        let held = permits.take(&backlog(0, 0)).await;
        {
            let urgent = backlog(1, 0);
            let gone = permits.take(&urgent);
            tokio::pin!(gone);
            assert!(tokio::time::timeout(std::time::Duration::ZERO, &mut gone).await.is_err());
        }
        drop(held);
        assert_eq!(permits.state().free, 1);
        drop(permits.take(&backlog(0, 0)).await);
    }
}
