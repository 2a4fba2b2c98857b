//! Bytes from a stream: a buffer of fixed size, the offset of every byte, and clear words for an early end.

use std::io::Read;

use super::source::{Sequential, Stream};
use super::value::LONGEST_TEXT;
use crate::vocab::{Problem, ProblemKind};

/// Why reading stopped.
pub(super) type Stop = Box<Problem>;

/// A stop at an offset.
pub(super) fn stop(kind: ProblemKind, offset: u64, what: impl Into<String>) -> Stop {
    Box::new(Problem { kind, offset, what: what.into() })
}

/// Bytes that are held at once.
const BUFFER: usize = 128 << 10;
/// Bytes that are read first behind a place that was jumped to: what stands between two arrays.
const AFTER_JUMP: usize = 3 << 10;
/// Fewer bytes than these are read rather than jumped over.
const WORTH_A_JUMP: u64 = 16 << 10;

/// A stream of bytes with offsets.
pub(super) struct Input<'a> {
    source: Box<dyn Stream + 'a>,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    /// Offset of the first byte of the buffer.
    base: u64,
    /// How many bytes are read at once: few behind a jump, then more and more.
    window: usize,
    /// Where the last thing that was announced and is not all there would end.
    announced: u64,
    /// What the source said instead of bytes; said again at every further read.
    failed: Option<Stop>,
}

/// A second reader of a few bytes.
pub(super) struct Glimpsed<'g> {
    pub input: Input<'g>,
    /// Whether there may be more bytes than it has, so that its end is not the end of the file.
    pub is_cut: bool,
}

impl<'a> Input<'a> {
    pub fn new(source: Box<dyn Stream + 'a>) -> Self {
        Self {
            source,
            buffer: vec![0; BUFFER].into(),
            at: 0,
            end: 0,
            base: 0,
            window: BUFFER,
            announced: 0,
            failed: None,
        }
    }

    /// Offset of the next byte.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Reads on until `count` bytes are in the buffer or the stream ends; `count` fits into the buffer.
    fn fill(&mut self, count: usize) -> Result<(), Stop> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.end, 0);
            self.base += self.at as u64;
            self.end -= self.at;
            self.at = 0;
        }
        let most = count.max(self.window);
        self.window = (4 * most).min(BUFFER);
        while self.end < count {
            match self.source.read(&mut self.buffer[self.end..most]) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = match error.kind() {
                        std::io::ErrorKind::UnexpectedEof => ProblemKind::Truncated,
                        std::io::ErrorKind::QuotaExceeded => ProblemKind::Limit,
                        std::io::ErrorKind::InvalidData
                        | std::io::ErrorKind::InvalidInput
                        | std::io::ErrorKind::Other => ProblemKind::Malformed,
                        _ => ProblemKind::Unreadable,
                    };
                    let failed = stop(kind, self.base + self.end as u64, sentence(kind, &error));
                    self.failed = Some(failed.clone());
                    // What came before the failure is still read.
                    return if self.end > 0 { Ok(()) } else { Err(failed) };
                }
            }
        }
        Ok(())
    }

    fn ended(&self, what: &str) -> Stop {
        match &self.failed {
            Some(failed) => failed.clone(),
            None => {
                stop(ProblemKind::Truncated, self.base + self.end as u64, format!("the file ends {what}"))
            }
        }
    }

    /// Where the last thing that was announced and is not all there would end; 0 where there is none.
    pub fn announced_end(&self) -> u64 {
        self.announced
    }

    /// The next byte, or none at the end.
    #[inline]
    pub fn next(&mut self) -> Result<Option<u8>, Stop> {
        if self.at == self.end {
            self.fill(1)?;
            if self.at == self.end {
                return match &self.failed {
                    Some(failed) => Err(failed.clone()),
                    None => Ok(None),
                };
            }
        }
        let byte = self.buffer[self.at];
        self.at += 1;
        Ok(Some(byte))
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self, what: &str) -> Result<u8, Stop> {
        match self.next()? {
            Some(byte) => Ok(byte),
            None => Err(self.ended(what)),
        }
    }

    /// The next `count` bytes, a few.
    #[inline]
    pub fn take(&mut self, count: usize, what: &str) -> Result<&[u8], Stop> {
        if self.end - self.at < count {
            self.fill(count)?;
            if self.end - self.at < count {
                self.at = self.end;
                return Err(self.ended(what));
            }
        }
        let start = self.at;
        self.at += count;
        Ok(&self.buffer[start..start + count])
    }

    /// The next bytes without taking them: as many as there are up to `count`.
    pub fn peek(&mut self, count: usize) -> Result<&[u8], Stop> {
        if self.end - self.at < count {
            self.fill(count)?;
        }
        Ok(&self.buffer[self.at..self.end.min(self.at + count)])
    }

    pub fn u16(&mut self, what: &str) -> Result<u16, Stop> {
        self.take(2, what).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    pub fn u32(&mut self, what: &str) -> Result<u32, Stop> {
        self.take(4, what).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    pub fn u64(&mut self, what: &str) -> Result<u64, Stop> {
        let bytes = self.take(8, what)?;
        Ok(u64::from_le_bytes([
            bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
        ]))
    }

    /// Leaves out what lies behind the buffer, which is used up, as far as the source can do that without reading.
    fn jump(&mut self, count: u64) -> u64 {
        if count < WORTH_A_JUMP || self.failed.is_some() {
            return 0;
        }
        let jumped = self.source.jump(count);
        if jumped > 0 {
            self.base += jumped;
            self.window = AFTER_JUMP;
        }
        jumped
    }

    /// Leaves out `count` bytes, however many the file claims.
    pub fn skip(&mut self, mut count: u64, what: &str) -> Result<(), Stop> {
        loop {
            let held = (self.end - self.at) as u64;
            if count <= held {
                self.at += count as usize;
                return Ok(());
            }
            count -= held;
            self.at = self.end;
            count -= self.jump(count);
            if count == 0 {
                return Ok(());
            }
            self.fill(1)?;
            if self.at == self.end {
                self.announced = self.offset().saturating_add(count);
                let missing = format!("{what}: {count} more bytes are announced");
                return Err(match &self.failed {
                    Some(failed) => failed.clone(),
                    None => self.ended(&missing),
                });
            }
        }
    }

    /// The bytes up to the next line feed, which is taken too. Of a long line only the beginning is given, with the
    /// length of all of it.
    pub fn line(&mut self, what: &str) -> Result<(Vec<u8>, u64), Stop> {
        let mut line = Vec::new();
        self.line_into(&mut line, what).map(|length| (line, length))
    }

    /// The same into `line`, which has what is there also where the line has no end.
    pub fn line_into(&mut self, line: &mut Vec<u8>, what: &str) -> Result<u64, Stop> {
        let mut length = 0;
        loop {
            let held = &self.buffer[self.at..self.end];
            let found = memchr::memchr(b'\n', held);
            let part = &held[..found.unwrap_or(held.len())];
            let room = (LONGEST_TEXT + 1).saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            length += part.len() as u64;
            if let Some(found) = found {
                self.at += found + 1;
                return Ok(length);
            }
            self.at = self.end;
            self.fill(1)?;
            if self.at == self.end {
                return Err(self.ended(what));
            }
        }
    }

    /// A second reader of `first` and then the bytes from an offset on, of a few of them. Where they can be read only
    /// once, it has those that can be held at once; none where these do not reach there.
    pub fn glimpse(&mut self, from: u64, first: Vec<u8>, most: usize) -> Result<Option<Glimpsed<'_>>, Stop> {
        let base = from.saturating_sub(first.len() as u64);
        if self.source.fork(from, 0).is_some() {
            let fork = self.source.fork(from, most as u64);
            let input = fork.map(|fork| Input { base, window: AFTER_JUMP, ..Input::beginning(&first, fork) });
            return Ok(input.map(|input| Glimpsed { input, is_cut: false }));
        }
        let Some(ahead) = from.checked_sub(self.offset()).and_then(|ahead| usize::try_from(ahead).ok())
        else {
            return Ok(None);
        };
        let wanted = BUFFER.min(ahead.saturating_add(most));
        let held = self.peek(wanted)?;
        let is_cut = held.len() == wanted;
        let Some(bytes) = held.get(ahead..) else { return Ok(None) };
        let held = Box::new(Sequential(std::io::Cursor::new(bytes.to_vec())));
        Ok(Some(Glimpsed { input: Input { base, ..Input::beginning(&first, held) }, is_cut }))
    }

    /// A stream behind a few bytes.
    fn beginning(first: &[u8], source: Box<dyn Stream + 'a>) -> Self {
        let mut input = Self::new(source);
        input.buffer[..first.len()].copy_from_slice(first);
        Self { end: first.len(), ..input }
    }

    /// Reads to the end and says how many bytes that were.
    pub fn drain(&mut self) -> Result<u64, Stop> {
        let start = self.offset();
        loop {
            self.at = self.end;
            self.jump(u64::MAX);
            self.fill(1)?;
            if self.at == self.end {
                return match &self.failed {
                    Some(failed) => Err(failed.clone()),
                    None => Ok(self.offset() - start),
                };
            }
        }
    }
}

/// For readers of other formats; a stop becomes an error with the same words.
impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let failed = |stopped: Stop| match stopped.kind {
            // What ends too early is no damage to whoever reads an archive in it.
            ProblemKind::Truncated => std::io::Error::new(std::io::ErrorKind::UnexpectedEof, stopped.what),
            _ => std::io::Error::other(stopped.what),
        };
        let count = self.peek(1).map_err(failed)?.len();
        if count == 0 {
            return Ok(0);
        }
        let count = buffer.len().min(self.end - self.at);
        buffer[..count].copy_from_slice(&self.buffer[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

fn sentence(kind: ProblemKind, error: &std::io::Error) -> String {
    match kind {
        ProblemKind::Truncated => format!("the compressed stream ends too early ({error})"),
        ProblemKind::Limit => error.to_string(),
        ProblemKind::Malformed => format!("the compressed stream is damaged ({error})"),
        _ => format!("cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Sequential;
    use super::*;

    /// A source that gives one byte at a time.
    struct Slowly<'a>(&'a [u8]);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.len().min(1).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn pieces_of_any_size_give_the_same_bytes() {
        let mut input = Input::new(Box::new(Sequential(Slowly(b"\x01ab\n\x02\x00\x00\x00rest"))));
        assert_eq!(input.byte("x").unwrap(), 1);
        assert_eq!(input.line("x").unwrap(), (b"ab".to_vec(), 2));
        assert_eq!(input.u32("x").unwrap(), 2);
        assert_eq!(input.peek(2).unwrap(), b"re");
        input.skip(3, "x").unwrap();
        assert_eq!((input.offset(), input.next().unwrap()), (11, Some(b't')));
        assert_eq!(input.next().unwrap(), None);
        let error = input.skip(u64::MAX, "inside an array").unwrap_err();
        assert_eq!((error.kind, error.offset), (ProblemKind::Truncated, 12));
        assert!(error.what.starts_with("the file ends inside an array"), "{}", error.what);
    }
}
