//! Two threads for large arrays. What is computed does not depend on whether they are used.

use std::ops::Range;

/// From this many elements on the work is shared: below it a thread costs more than it gains.
const LARGE: usize = 1 << 20;

/// Does `work` over `0..length` in one or two parts, by the number of `elements` behind them.
pub(super) fn parts<R: Send>(
    length: usize,
    elements: usize,
    work: impl Fn(Range<usize>) -> R + Sync,
) -> (R, Option<R>) {
    if elements < LARGE || length < 2 {
        return (work(0..length), None);
    }
    let middle = length / 2;
    std::thread::scope(|scope| {
        let second = std::thread::Builder::new().spawn_scoped(scope, || work(middle..length));
        let first = work(0..middle);
        let second = match second {
            Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // No thread to be had: the same work, one after the other.
            Err(_) => work(middle..length),
        };
        (first, Some(second))
    })
}

/// Whether both sides have the same bytes.
pub(super) fn equal(reference: &[u8], observed: &[u8]) -> bool {
    if reference.len() != observed.len() {
        return false;
    }
    let (first, second) =
        parts(reference.len(), reference.len() / 8, |part| reference[part.clone()] == observed[part]);
    first && second.unwrap_or(true)
}
