//! The bytes of one file: read on from where the last reader stopped, or from elsewhere.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

/// A stream that may know how to leave bytes out without reading them.
pub(super) trait Stream: Read {
    /// Leaves out at most so many bytes, and says how many: none where they have to be read.
    fn jump(&mut self, _count: u64) -> u64 {
        0
    }

    /// A second reader of the same bytes from an offset on, which gives no more than `most` bytes and leaves this one
    /// where it is; none where bytes can be read only once.
    fn fork(&self, _from: u64, _most: u64) -> Option<Fork<'_>> {
        None
    }
}

/// A second reader of the same bytes.
pub(super) type Fork<'s> = Box<dyn Stream + 's>;

/// A stream that can only be read on.
pub(super) struct Sequential<R>(pub R);

impl<R: Read> Read for Sequential<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Stream for Sequential<R> {}

/// A file and the place in it. Clones share both.
pub(super) struct Source<R>(Rc<RefCell<Place<R>>>);

struct Place<R> {
    file: R,
    at: u64,
    size: u64,
}

impl<R> Clone for Source<R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<R: Read + Seek> Source<R> {
    /// A file from its beginning.
    pub fn new(mut file: R) -> io::Result<Self> {
        let size = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        Ok(Self(Rc::new(RefCell::new(Place { file, at: 0, size }))))
    }

    /// Where the next byte is read from.
    pub fn at(&self) -> u64 {
        self.0.borrow().at
    }

    /// Bytes of the file: what it says, or what was read where that is more.
    pub fn size(&self) -> u64 {
        self.0.borrow().size
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let place = &mut *self.0.borrow_mut();
        let read = place.file.read(buffer)?;
        place.at += read as u64;
        place.size = place.size.max(place.at);
        Ok(read)
    }
}

impl<R: Seek> Seek for Source<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = &mut *self.0.borrow_mut();
        place.at = place.file.seek(to)?;
        Ok(place.at)
    }
}

impl<R: Read + Seek> Stream for Source<R> {
    /// Never beyond the end, so that whoever goes on reading sees where the file ends.
    fn jump(&mut self, count: u64) -> u64 {
        let place = &mut *self.0.borrow_mut();
        let count = count.min(place.size.saturating_sub(place.at));
        match place.file.seek(SeekFrom::Start(place.at + count)) {
            Ok(at) => {
                place.at = at;
                count
            }
            Err(_) => 0,
        }
    }

    fn fork(&self, from: u64, most: u64) -> Option<Fork<'_>> {
        Some(Box::new(Glimpse { file: self.clone(), at: from, left: most }))
    }
}

/// Bytes of a file that are read without moving its place.
struct Glimpse<R> {
    file: Source<R>,
    at: u64,
    left: u64,
}

impl<R: Read + Seek> Read for Glimpse<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 && !buffer.is_empty() && self.at < self.file.size() {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "not looked at further"));
        }
        let place = self.file.at();
        self.file.seek(SeekFrom::Start(self.at))?;
        let read = self.file.read(&mut buffer[..most]);
        self.file.seek(SeekFrom::Start(place))?;
        let read = read?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

impl<R: Read + Seek> Stream for Glimpse<R> {
    fn jump(&mut self, count: u64) -> u64 {
        let count = count.min(self.file.size().saturating_sub(self.at));
        self.at += count;
        count
    }
}
