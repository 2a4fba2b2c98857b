//! The table of contents of a zip archive, looked at for what two readers could take for two things. What the archive
//! holds is read elsewhere, by the one table that all of Python's readers use.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

/// The end of the table: its mark, its length without a comment, and how long a comment can be.
const END: &[u8] = b"PK\x05\x06";
const END_LENGTH: u64 = 22;
const LONGEST_COMMENT: u64 = u16::MAX as u64;
/// One line of the table, and what stands before the bytes of an entry.
const LINE: &[u8] = b"PK\x01\x02";
const LINE_LENGTH: usize = 46;
const HEADER: &[u8] = b"PK\x03\x04";
const HEADER_LENGTH: usize = 30;
/// Lines that are looked at.
const MOST_LINES: usize = 20_000;
/// Oddities that are told.
const MOST_ODD: usize = 16;
/// The bit of the flags that says that an entry is encrypted.
const ENCRYPTED: u16 = 1;

/// What is odd about an archive, in words; empty where every reader sees the same.
pub(super) fn oddities(file: &mut (impl Read + Seek)) -> io::Result<Vec<String>> {
    let size = file.seek(SeekFrom::End(0))?;
    let tail_length = size.min(END_LENGTH + LONGEST_COMMENT);
    let tail = read_at(file, size - tail_length, tail_length as usize)?;
    let mut odd = Vec::new();
    let Some(at) = memchr::memmem::rfind(&tail, END).filter(|at| at + END_LENGTH as usize <= tail.len())
    else {
        // Who reads the archive says so.
        return Ok(odd);
    };
    let end = &tail[at..];
    if end.len() as u64 != END_LENGTH + u64::from(u16_at(end, 20)) {
        odd.push("bytes follow the end of the archive".to_owned());
    }
    let (count, length, start) = (u16_at(end, 10), u32_at(end, 12), u32_at(end, 16));
    if count == u16::MAX || length == u32::MAX || start == u32::MAX {
        // With numbers of 64 bits: no archive of a model is so large that it is worth a second table here.
        odd.push("its table of contents is that of an archive of more than 4 GiB".to_owned());
        return Ok(odd);
    }
    let table = size - tail_length + at as u64;
    let Some(before) = table.checked_sub(u64::from(length) + u64::from(start)) else {
        odd.push("its table of contents lies outside of the file".to_owned());
        return Ok(odd);
    };
    if before > 0 {
        odd.push(format!(
            "{before} bytes stand before the archive, which may be something else to another reader"
        ));
    }
    lines(file, Table { before, start: before + u64::from(start), end: table, count }, &mut odd)?;
    odd.truncate(MOST_ODD);
    Ok(odd)
}

struct Table {
    before: u64,
    start: u64,
    end: u64,
    count: u16,
}

fn lines(file: &mut (impl Read + Seek), table: Table, odd: &mut Vec<String>) -> io::Result<()> {
    let mut names = HashSet::new();
    let mut at = table.start;
    let mut found = 0usize;
    let mut first = u64::MAX;
    while at + LINE_LENGTH as u64 <= table.end && found < MOST_LINES && odd.len() < MOST_ODD {
        let line = read_at(file, at, LINE_LENGTH)?;
        if !line.starts_with(LINE) {
            odd.push("a line of its table of contents is not one".to_owned());
            return Ok(());
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(&line, at)));
        let name = read_at(file, at + LINE_LENGTH as u64, name)?;
        let offset = table.before + u64::from(u32_at(&line, 42));
        first = first.min(offset);
        let header = read_at(file, offset, HEADER_LENGTH)?;
        let own = read_at(file, offset + HEADER_LENGTH as u64, usize::from(u16_at(&header, 26)))?;
        let told = super::dtype::short(&String::from_utf8_lossy(&name), 100);
        if !header.starts_with(HEADER) || own != name {
            odd.push(format!("`{told}` has another name where its bytes stand"));
        } else if u16_at(&header, 8) != u16_at(&line, 10) {
            odd.push(format!("`{told}` is compressed in two ways"));
        }
        if u16_at(&line, 8) & ENCRYPTED != 0 {
            odd.push(format!("`{told}` is encrypted"));
        }
        if name.contains(&0)
            || name.starts_with(b"/")
            || name.split(|byte| matches!(byte, b'/' | b'\\')).any(|part| part == b"..")
        {
            odd.push(format!("`{told}` would be unpacked outside of the folder that it is meant for"));
        }
        if !names.insert(name.clone()) {
            odd.push(format!("`{told}` is there twice: some readers take the first, Python the last"));
        }
        at += (LINE_LENGTH + name.len() + extra + comment) as u64;
        found += 1;
    }
    if found < MOST_LINES && odd.len() < MOST_ODD && (found != usize::from(table.count) || at != table.end) {
        odd.push(format!("its table of contents says {} entries and has {found}", table.count));
    }
    if first != u64::MAX && first > table.before {
        odd.push("bytes that belong to no entry stand before the first one".to_owned());
    }
    Ok(())
}

fn read_at(file: &mut (impl Read + Seek), at: u64, length: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}
