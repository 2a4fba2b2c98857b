//! Turns at the cores: how many batches run side by side, and whose is next.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// What one environment has left to do; written by the dispatcher and the executor, read here.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Imports and trainings: the cells of all environments wait for them.
    pub first: AtomicUsize,
    /// Everything else.
    pub then: AtomicUsize,
}

impl Work {
    /// Larger is more urgent: what others wait for, then the longest queue, since an environment does its batches
    /// one after another and the last one to finish ends the run.
    fn urgency(&self) -> (bool, usize) {
        (self.first.load(Ordering::Relaxed) > 0, self.then.load(Ordering::Relaxed))
    }
}

/// A number of turns, handed to the most urgent of those who wait.
#[derive(Debug)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// In order of arrival.
    waiting: Vec<(Arc<Work>, oneshot::Sender<Turn>)>,
}

/// The right to keep one core busy, given back when dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Turns>);

impl Turns {
    pub fn new(count: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { free: count.max(1), waiting: Vec::new() })))
    }

    /// Waits for a turn. `work` is looked at whenever one becomes free.
    pub async fn take(self: &Arc<Self>, work: &Arc<Work>) -> Turn {
        let turn = {
            let mut state = self.state();
            if state.free == 0 {
                let (sender, turn) = oneshot::channel();
                state.waiting.push((Arc::clone(work), sender));
                Some(turn)
            } else {
                state.free -= 1;
                None
            }
        };
        match turn {
            // Senders are dropped with `self` only.
            Some(turn) => turn.await.unwrap_or_else(|_| Turn(Arc::clone(self))),
            None => Turn(Arc::clone(self)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state();
            // The first of equals, hence the reversal: `max_by_key` gives the last.
            let most = state.waiting.iter().enumerate().rev().max_by_key(|(_, (work, _))| work.urgency());
            match most.map(|(index, _)| index) {
                Some(index) => state.waiting.remove(index).1,
                None => {
                    state.free += 1;
                    return;
                }
            }
        };
        // When nobody waits at the other end any more, dropping what comes back passes the turn on.
        drop(next.send(Self(Arc::clone(&self.0))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(first: usize, then: usize) -> Arc<Work> {
        Arc::new(Work { first: first.into(), then: then.into() })
    }

    #[tokio::test]
    async fn the_most_urgent_is_next_and_the_first_of_equals() {
        let turns = Turns::new(1);
        let held = turns.take(&work(0, 0)).await;
        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        let mut tasks = tokio::task::JoinSet::new();
        for (name, first, then) in [("short", 0, 1), ("long", 0, 9), ("as long", 0, 9), ("training", 1, 0)] {
            let (shared, sender) = (Arc::clone(&turns), sender.clone());
            tasks.spawn(async move {
                let _turn = shared.take(&work(first, then)).await;
                let _ = sender.send(name);
            });
            // Until it waits.
            while turns.state().waiting.len() < tasks.len() {
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
        assert_eq!(turns.state().free, 1);
    }

    #[tokio::test]
    async fn a_turn_that_nobody_waits_for_any_more_is_passed_on() {
        let turns = Turns::new(1);
        let held = turns.take(&work(0, 0)).await;
        {
            let urgent = work(1, 0);
            let gone = turns.take(&urgent);
            tokio::pin!(gone);
            assert!(tokio::time::timeout(std::time::Duration::ZERO, &mut gone).await.is_err());
        }
        drop(held);
        assert_eq!(turns.state().free, 1);
        drop(turns.take(&work(0, 0)).await);
    }
}
