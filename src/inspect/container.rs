//! What the bytes are wrapped in: recognised by their first bytes, unwrapped as a stream.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use sha2::Digest as _;

use crate::vocab::{Container, Digest};

/// First bytes of the containers that joblib and pickle files come in.
const MAGIC: &[(&[u8], Container)] = &[
    (b"\x1f\x8b", Container::Gzip),
    (b"BZh", Container::Bz2),
    (b"\xfd7zXZ\x00", Container::Xz),
    (b"\x5d\x00", Container::Lzma),
    (b"\x04\x22\x4d\x18", Container::Lz4),
    (b"PK\x03\x04", Container::Zip),
    (b"PK\x05\x06", Container::Zip),
    (b"ZF0x", Container::ZFile),
];

/// Bytes that `recognise` wants to see.
pub(super) const HEAD: usize = 16;

/// The container that begins with these bytes.
pub(super) fn recognise(head: &[u8]) -> Option<Container> {
    if let Some((_, container)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*container);
    }
    // A zlib header is a multiple of 31 and names the method 8; `x` is no opcode of pickle.
    match head {
        [first @ 0x78, second, ..] if (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31) => {
            Some(Container::Zlib)
        }
        _ => None,
    }
}

/// Memory that an xz or lzma stream may ask for its dictionary, in KiB: that of the highest preset and some more.
const DICTIONARY_KIB: u32 = 80 << 10;

/// Unwraps one container that is a stream.
pub(super) fn unwrap<'a, R: Read + 'a>(
    container: Container,
    outer: &Outer<R>,
    head: Vec<u8>,
) -> io::Result<Box<dyn Read + 'a>> {
    let source = io::Cursor::new(head).chain(outer.clone());
    let decoded: Box<dyn Read + 'a> = match container {
        Container::Zlib => Box::new(flate2::read::ZlibDecoder::new(source)),
        Container::Gzip => Box::new(flate2::read::MultiGzDecoder::new(source)),
        Container::Bz2 => Box::new(bzip2::read::MultiBzDecoder::new(source)),
        Container::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(source, true, DICTIONARY_KIB)),
        Container::Lzma => Box::new(lzma_rust2::LzmaReader::new_mem_limit(source, DICTIONARY_KIB, None)?),
        Container::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(source)),
        Container::ZFile => {
            let mut source = source;
            // `ZF`, the length as hexadecimal text padded to 19 characters, and by joblib up to 0.8.4 a space more.
            let mut header = [0; 22];
            source.read_exact(&mut header)?;
            let behind = if header[21] == b' ' { Vec::new() } else { vec![header[21]] };
            Box::new(flate2::read::ZlibDecoder::new(io::Cursor::new(behind).chain(source)))
        }
        Container::Zip => return Err(io::Error::other("a zip archive is no stream")),
    };
    Ok(Box::new(Bounded { decoded, outer: outer.clone(), given: 0 }))
}

/// The bytes of the file, digested and counted on their way. Clones share one place in the file.
pub(super) struct Outer<R>(Rc<RefCell<Tap<R>>>);

struct Tap<R> {
    source: R,
    digest: blake3::Hasher,
    sha256: Option<sha2::Sha256>,
    count: u64,
}

impl<R> Clone for Outer<R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<R: Read> Outer<R> {
    pub fn new(source: R, sha256: bool) -> Self {
        let sha256 = sha256.then(sha2::Sha256::new);
        Self(Rc::new(RefCell::new(Tap { source, digest: blake3::Hasher::new(), sha256, count: 0 })))
    }

    /// Bytes read so far.
    pub fn count(&self) -> u64 {
        self.0.borrow().count
    }

    /// Reads what is left.
    pub fn drain(&mut self) -> io::Result<u64> {
        let mut buffer = vec![0; 128 << 10];
        let mut count = 0;
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return Ok(count),
                Ok(read) => count += read as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The digests of what was read.
    pub fn digests(&self) -> (Digest, Option<String>) {
        let tap = self.0.borrow();
        let sha256 = tap.sha256.as_ref().map(|hasher| {
            hasher.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        });
        (Digest::of_hash(tap.digest.finalize()), sha256)
    }
}

impl<R: Read + Seek> Outer<R> {
    /// Reads without digesting, after everything was digested.
    pub fn read_again(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().source.read(buffer)
    }

    /// Goes somewhere to read again.
    pub fn seek_again(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.borrow_mut().source.seek(to)
    }
}

impl<R: Read> Read for Outer<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let tap = &mut *self.0.borrow_mut();
        let read = tap.source.read(buffer)?;
        let bytes = &buffer[..read];
        tap.digest.update(bytes);
        if let Some(sha256) = &mut tap.sha256 {
            sha256.update(bytes);
        }
        tap.count += read as u64;
        Ok(read)
    }
}

/// This much is decompressed from any file.
pub(super) const ALWAYS: u64 = 256 << 20;
/// And this many times the bytes of the file: zlib cannot do more than 1032.
pub(super) const RATIO: u64 = 1200;

/// A decoder that must not give endlessly much for a few bytes.
struct Bounded<'a, R> {
    decoded: Box<dyn Read + 'a>,
    outer: Outer<R>,
    given: u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoded.read(buffer)?;
        self.given += read as u64;
        if self.given > ALWAYS.max(self.outer.count().saturating_mul(RATIO)) {
            let what = format!("decompresses to more than {RATIO} times its size; not read further");
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, what));
        }
        Ok(read)
    }
}
