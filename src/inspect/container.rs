//! What the bytes are wrapped in: recognised by their first bytes, unwrapped as a stream.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::rc::Rc;

use super::source::Source;
use crate::vocab::Container;

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
pub(super) const HEAD: usize = 512;

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

/// Unwraps one container that is a stream, from the beginning of the file.
pub(super) fn unwrap<'a, R: Read + Seek + 'a>(
    container: Container,
    source: &Source<R>,
) -> io::Result<Box<dyn Read + 'a>> {
    let mut source = source.clone();
    source.rewind()?;
    // Some decoders read byte by byte.
    let decoded = decoder(container, BufReader::with_capacity(64 << 10, source.clone()))?;
    Ok(Box::new(Bounded { decoded, read: move || source.at(), given: 0 }))
}

/// Unwraps a container that was in another one.
pub(super) fn unwrap_inner<'a>(
    container: Container,
    stream: impl Read + 'a,
) -> io::Result<Box<dyn Read + 'a>> {
    let read = Rc::new(Cell::new(0));
    let counted = Counted { stream, read: Rc::clone(&read) };
    let decoded = decoder(container, BufReader::with_capacity(64 << 10, counted))?;
    Ok(Box::new(Bounded { decoded, read: move || read.get(), given: 0 }))
}

/// What decodes one container that is a stream.
fn decoder<'a>(container: Container, mut file: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match container {
        Container::Zlib => Box::new(Streams(Some(flate2::bufread::ZlibDecoder::new(file)))),
        Container::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Container::Bz2 => Box::new(bzip2::bufread::MultiBzDecoder::new(file)),
        Container::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(file, true, DICTIONARY_KIB)),
        Container::Lzma => Box::new(Alone(Some(
            lzma_rust2::LzmaReader::new_mem_limit(file, DICTIONARY_KIB, None).map_err(in_words)?,
        ))),
        Container::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(file)),
        Container::ZFile => {
            // `ZF`, the length as hexadecimal text padded to 19 characters, and by joblib up to 0.8.4 a space more.
            let mut header = [0; 22];
            file.read_exact(&mut header)?;
            let behind = if header[21] == b' ' { Vec::new() } else { vec![header[21]] };
            Box::new(flate2::bufread::ZlibDecoder::new(io::Cursor::new(behind).chain(file)))
        }
        Container::Zip | Container::Tar => return Err(io::Error::other("an archive is not a stream")),
    })
}

/// A stream that says how much of it was read.
struct Counted<S> {
    stream: S,
    read: Rc<Cell<u64>>,
}

impl<S: Read> Read for Counted<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

/// zlib streams one after the other, as joblib reads them.
struct Streams<R>(Option<flate2::bufread::ZlibDecoder<R>>);

impl<R: BufRead> Read for Streams<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(stream) = &mut self.0 {
            let read = stream.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(mut source) = self.0.take().map(flate2::bufread::ZlibDecoder::into_inner) else { break };
            if !source.fill_buf()?.is_empty() {
                self.0 = Some(flate2::bufread::ZlibDecoder::new(source));
            }
        }
        Ok(0)
    }
}

/// A stream behind which there must be nothing: Python would go on there.
struct Alone<R>(Option<lzma_rust2::LzmaReader<R>>);

impl<R: Read> Read for Alone<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(stream) = &mut self.0 else { return Ok(0) };
        let read = stream.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        let Some((mut source, ahead)) = self.0.take().map(lzma_rust2::LzmaReader::into_parts) else {
            return Ok(0);
        };
        if !ahead.is_empty() || source.read(&mut [0])? > 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "something follows the end of the stream",
            ));
        }
        Ok(0)
    }
}

/// The one limit that a decoder itself watches, in words for people.
fn in_words(error: io::Error) -> io::Error {
    if error.to_string().contains("mem_limit") {
        let mebibytes = DICTIONARY_KIB >> 10;
        let what = format!("asks for a dictionary of more than {mebibytes} MiB; not read");
        return io::Error::new(io::ErrorKind::QuotaExceeded, what);
    }
    error
}

/// This much is decompressed from any file.
pub(super) const ALWAYS: u64 = 256 << 20;
/// And this many times the bytes of the file: zlib cannot do more than 1032.
pub(super) const RATIO: u64 = 1200;

/// A decoder that must not give endlessly much for a few bytes.
struct Bounded<'a, F> {
    decoded: Box<dyn Read + 'a>,
    /// How many bytes were read for it.
    read: F,
    given: u64,
}

impl<F: Fn() -> u64> Read for Bounded<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoded.read(buffer).map_err(in_words)?;
        self.given += read as u64;
        if self.given > ALWAYS.max((self.read)().saturating_mul(RATIO)) {
            let what = format!("decompresses to more than {RATIO} times its size; not read further");
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, what));
        }
        Ok(read)
    }
}
