//! The wish to end early.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use tokio::signal::unix::{SignalKind, signal};

/// What asks a run to write down what it has and to end: Ctrl-C, the end that CI services and init systems send, a
/// closed terminal. Where a handler cannot be set, that signal does what it does to any process.
const ENDS: [fn() -> SignalKind; 3] = [SignalKind::interrupt, SignalKind::terminate, SignalKind::hangup];

/// Whether one of them has arrived since the first run of this process began. A command of several runs may be asked
/// while none is there to hear it: the next one ends at once.
static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| {
    let asked = Arc::new(AtomicBool::new(false));
    for number in [SIGINT, SIGTERM, SIGHUP] {
        // Where it cannot be set, the listeners below still hear what arrives while they are there.
        let _ = signal_hook::flag::register(number, Arc::clone(&asked));
    }
    asked
});

/// Completes when one of the signals arrives, or has arrived before; listening begins with the call, not with the first
/// poll.
pub(super) fn asked_to_end() -> impl Future<Output = ()> {
    let asked = Arc::clone(&ASKED);
    let mut listeners: Vec<_> = ENDS.iter().filter_map(|kind| signal(kind()).ok()).collect();
    std::future::poll_fn(move |context| {
        let is_told = listeners.iter_mut().any(|listener| listener.poll_recv(context).is_ready());
        if is_told || asked.load(Ordering::Acquire) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
}
