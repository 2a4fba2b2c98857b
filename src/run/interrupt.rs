//! The wish to end early.

use tokio::signal::unix::{SignalKind, signal};

/// What asks a run to write down what it has and to end: Ctrl-C, the end that CI services and init systems send, a
/// closed terminal. Where a handler cannot be set, that signal does what it does to any process.
const ENDS: [fn() -> SignalKind; 3] = [SignalKind::interrupt, SignalKind::terminate, SignalKind::hangup];

/// Completes when one of the signals arrives; listening begins with the call, not with the first poll.
pub(super) fn asked_to_end() -> impl Future<Output = ()> {
    let mut listeners: Vec<_> = ENDS.iter().filter_map(|kind| signal(kind()).ok()).collect();
    std::future::poll_fn(move |context| {
        let is_asked = listeners.iter_mut().any(|listener| listener.poll_recv(context).is_ready());
        if is_asked { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
}
