//! Tar archives as a stream: the headers that name files, those of long names included. Nothing is unpacked.

use std::io::{self, Read};

/// Bytes of a header, to which contents are padded.
const BLOCK: usize = 512;
/// Bytes of a long name that are taken.
const LONGEST_NAME: u64 = 64 << 10;

/// Whether bytes begin a tar archive.
pub(super) fn recognise(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// What stands in an archive next.
pub(super) struct Entry {
    pub name: String,
    pub size: u64,
}

/// Reads the entries of an archive, one after another.
pub(super) struct Entries<R> {
    stream: R,
    /// What is left of the current entry, and the padding behind it.
    left: u64,
    padding: u64,
}

impl<R: Read> Entries<R> {
    pub fn new(stream: R) -> Self {
        Self { stream, left: 0, padding: 0 }
    }

    /// The next regular file; none at the end. Its bytes are what `self` gives then.
    pub fn next_file(&mut self) -> io::Result<Option<Entry>> {
        let mut long_name = None;
        loop {
            self.pass_over()?;
            let mut header = [0; BLOCK];
            match self.stream.read_exact(&mut header) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error),
            }
            if header.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            if !recognise(&header) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a header of the archive is damaged"));
            }
            let size = number(&header[124..136])
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a size is not a number"))?;
            self.left = size;
            self.padding = size.next_multiple_of(BLOCK as u64) - size;
            match header[156] {
                b'0' | b'7' | 0 => {
                    let name = long_name.unwrap_or_else(|| named(&header));
                    return Ok(Some(Entry { name, size }));
                }
                // The name of the next entry: GNU's way, and that of POSIX.
                b'L' => long_name = Some(text(&self.content()?)),
                b'x' => long_name = path_of(&self.content()?).or(long_name),
                _ => {}
            }
        }
    }

    fn content(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Read::take(&mut *self, LONGEST_NAME).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn pass_over(&mut self) -> io::Result<()> {
        io::copy(&mut Read::take(&mut self.stream, self.left + self.padding), &mut io::sink())?;
        (self.left, self.padding) = (0, 0);
        Ok(())
    }
}

impl<R: Read> Read for Entries<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.stream.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// A number in octal digits, or in bytes with the first bit set.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let fold = |sum: u64, byte: &u8| sum.checked_mul(256)?.checked_add(u64::from(*byte));
        return field[4..].iter().try_fold(0, fold).filter(|size| *size < 1 << 60);
    }
    let digits = text(field);
    u64::from_str_radix(digits.trim(), 8).ok()
}

fn named(header: &[u8; BLOCK]) -> String {
    let (prefix, name) = (text(&header[345..500]), text(&header[..100]));
    // In GNU's form other things stand where the prefix is.
    if prefix.is_empty() || &header[257..265] == b"ustar  \0" { name } else { format!("{prefix}/{name}") }
}

/// The path among POSIX's records: `length key=value`.
fn path_of(records: &[u8]) -> Option<String> {
    records.split(|byte| *byte == b'\n').find_map(|record| {
        let record = String::from_utf8_lossy(record);
        record.split_once(' ').and_then(|(_, pair)| pair.strip_prefix("path=").map(str::to_owned))
    })
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_those_of_the_archive() {
        let mut builder = tar::Builder::new(Vec::new());
        let long = format!("{}/model.pkl", "folder".repeat(30));
        for (name, bytes) in [("a.txt", &b"one"[..]), (long.as_str(), &[7; 600]), ("b", b"")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, bytes).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        assert!(recognise(&bytes));
        let mut entries = Entries::new(bytes.as_slice());
        let mut found = Vec::new();
        while let Some(entry) = entries.next_file().unwrap() {
            let mut content = Vec::new();
            entries.read_to_end(&mut content).unwrap();
            assert_eq!(content.len() as u64, entry.size);
            found.push((entry.name, content.len()));
        }
        assert_eq!(found, [("a.txt".to_owned(), 3), (long, 600), ("b".to_owned(), 0)]);
        // Cut in the middle of a content, it ends there.
        let mut cut = Entries::new(&bytes[..700]);
        assert_eq!(cut.next_file().unwrap().unwrap().name, "a.txt");
        assert!(cut.next_file().unwrap().is_none());
    }
}
