//! Bounded memory of what a process writes to stderr.

use std::collections::VecDeque;

/// Keeps the first `head` and the last `tail` bytes of a stream of any length.
#[derive(Debug)]
pub(super) struct HeadTail {
    head: Vec<u8>,
    head_limit: usize,
    tail: VecDeque<u8>,
    tail_limit: usize,
    dropped: u64,
}

impl HeadTail {
    pub(super) fn new(head_limit: usize, tail_limit: usize) -> Self {
        Self { head: Vec::new(), head_limit, tail: VecDeque::new(), tail_limit, dropped: 0 }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(self.head_limit - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(self.tail_limit);
        self.tail.drain(..excess);
        self.dropped += excess as u64;
    }

    /// What is kept; where bytes were left out, a line says how many.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.clone();
        if self.dropped > 0 && self.head_limit > 0 {
            bytes.extend_from_slice(format!("\n[... {} bytes left out ...]\n", self.dropped).as_bytes());
        }
        bytes.extend(&self.tail);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_streams_keep_both_ends() {
        let mut kept = HeadTail::new(3, 4);
        kept.push(b"ab");
        kept.push(b"cdefgh");
        kept.push(b"ij");
        assert_eq!(kept.bytes(), b"abc\n[... 3 bytes left out ...]\nghij");
    }

    proptest! {
        #[test]
        fn short_streams_are_kept_whole(chunks in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..10), 0..10)) {
            let mut kept = HeadTail::new(40, 60);
            for chunk in &chunks {
                kept.push(chunk);
            }
            prop_assert_eq!(kept.bytes(), chunks.concat());
        }

        #[test]
        fn a_ring_keeps_the_last_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let mut kept = HeadTail::new(0, 7);
            kept.push(&bytes);
            prop_assert_eq!(kept.bytes(), &bytes[bytes.len().saturating_sub(7)..]);
        }
    }
}
