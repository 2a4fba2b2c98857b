//! What a file is, from its name and its bytes, and which scikit-learn it says it was written by. Nothing is executed.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use crate::format;

/// First bytes of the compressions that joblib writes.
const COMPRESSED: &[&[u8]] = &[
    b"\x78\x01",
    b"\x78\x5e",
    b"\x78\x9c",
    b"\x78\xda",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"]\0\0\x80",
    b"\x04\x22\x4d\x18",
];

/// Handlers whose files can be tried when somebody else made them; others are compared with a model that is not there.
pub(super) const TRIED: &[&str] = &["pickle", "joblib"];
/// Modules of one file that are told.
const MOST_MODULES: usize = 64;
/// Decompressed bytes that are searched for versions, at most: whatever a file claims.
const MOST: u64 = 256 << 20;

/// The format of a file; else what it looks like instead.
pub(super) fn format(path: &Path, bytes: &[u8]) -> Result<&'static str, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let by_extension = extension.as_deref().and_then(|extension| of_extension(extension));
    match by_extension {
        Some(format) if !TRIED.contains(&format.handler) && !is_pickle(bytes) => {
            return Err(format!(
                "it is named as {} is, and only pickle and joblib files can be tried",
                format.name
            ));
        }
        _ => {}
    }
    if COMPRESSED.iter().any(|magic| bytes.starts_with(magic)) {
        return Ok("joblib");
    }
    if !is_pickle(bytes) {
        return Err(looks_like(bytes));
    }
    // joblib reads every pickle; pickle does not read the arrays that joblib puts between its opcodes.
    let of_joblib = by_extension.is_some_and(|format| format.handler == "joblib")
        || contains(bytes, b"NumpyArrayWrapper");
    Ok(if of_joblib { "joblib" } else { "pickle" })
}

/// The first format whose files are named so.
fn of_extension(extension: &str) -> Option<&'static format::Row> {
    format::TABLE
        .iter()
        .find(|row| format::handler(row.handler).is_some_and(|handler| handler.extension == extension))
}

/// Whether bytes begin as a pickle does. A truncated one is a pickle: loading says what is missing.
fn is_pickle(bytes: &[u8]) -> bool {
    match bytes {
        [0x80, protocol, ..] => *protocol <= 6,
        // Protocols 0 and 1 have no magic: opcodes that begin an object, and the full stop at the end.
        [b'(' | b'c' | b']' | b'}' | b'I' | b'F' | b'V' | b'S', .., b'.'] => {
            contains(bytes, b"\n") && contains(bytes, b"csklearn") || contains(bytes, b"ccopy_reg")
        }
        _ => false,
    }
}

fn looks_like(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(400)];
    let known: &[(&[u8], &str)] = &[
        (b"\x93NUMPY", "a numpy array (.npy)"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x89HDF", "an HDF5 file"),
        (b"PAR1", "a Parquet file"),
        (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself with `git lfs pull`"),
    ];
    if let Some((_, what)) = known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return format!("it is {what}");
    }
    match std::str::from_utf8(head) {
        Ok(text) if text.chars().all(|c| !c.is_control() || c.is_whitespace()) => "it is a text".to_owned(),
        _ => format!("its first bytes are those of no known format ({:02x?})", &bytes[..bytes.len().min(4)]),
    }
}

/// scikit-learn's modules that an uncompressed pickle names, at most [`MOST_MODULES`]: imported once before the forks, they
/// need not be imported by each of them.
pub(super) fn modules(bytes: &[u8]) -> Vec<String> {
    let mut modules: Vec<String> = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest, b"sklearn.") {
        rest = &rest[at..];
        let is_part =
            |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
        let name: String = rest.iter().take_while(is_part).take(100).map(|byte| char::from(*byte)).collect();
        let name = name.trim_end_matches('.').to_owned();
        rest = &rest[name.len().max(1)..];
        if !modules.contains(&name) && !name.contains("..") && modules.len() < MOST_MODULES {
            modules.push(name);
        }
    }
    modules
}

/// Whether an uncompressed pickle holds an estimator that was fitted on named columns.
pub(super) fn has_named_columns(bytes: &[u8]) -> bool {
    contains(bytes, b"feature_names_in_")
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    find(bytes, text).is_some()
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let (first, rest) = text.split_first()?;
    let mut start = 0;
    while let Some(at) = bytes[start..].iter().position(|byte| byte == first) {
        let at = start + at;
        if bytes[at + 1..].starts_with(rest) {
            return Some(at);
        }
        start = at + 1;
    }
    None
}

/// The bytes behind zlib or gzip, as far as they go and not beyond [`MOST`]; other bytes as they are.
pub(super) fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut decoded = Vec::new();
    // What is cut off or damaged counts as far as it can be read: loading tells the rest.
    let _ = match bytes {
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => ZlibDecoder::new(bytes).take(MOST).read_to_end(&mut decoded),
        [0x1f, 0x8b, ..] => MultiGzDecoder::new(bytes).take(MOST).read_to_end(&mut decoded),
        _ => return Cow::Borrowed(bytes),
    };
    Cow::Owned(decoded)
}

/// The scikit-learn that an uncompressed pickle says it was written by: what `BaseEstimator.__getstate__` puts there.
pub(super) fn recorded_scikit_learn(bytes: &[u8]) -> Option<String> {
    let mark = b"_sklearn_version";
    let mut rest = bytes;
    while let Some(at) = find(rest, mark) {
        rest = &rest[at + mark.len()..];
        if let Some(version) = text_after(rest) {
            return Some(version);
        }
    }
    None
}

/// The short text that follows a key, behind the opcodes that remember the key.
fn text_after(bytes: &[u8]) -> Option<String> {
    let mut at = 0;
    loop {
        match bytes.get(at..)? {
            // MEMOIZE; BINPUT with its slot; LONG_BINPUT with its slot.
            [0x94, ..] => at += 1,
            [b'q', _, ..] => at += 2,
            [b'r', _, _, _, _, ..] => at += 5,
            // SHORT_BINUNICODE and BINUNICODE.
            [0x8c, length, text @ ..] => return version(text.get(..usize::from(*length))?),
            [b'X', a, b, c, d, text @ ..] => {
                let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
                return version(text.get(..length.min(64))?);
            }
            // UNICODE of protocol 0, behind the line that remembers the key.
            [b'\n' | b'p', ..] => {
                let line = bytes.get(at + 1..)?;
                let end = find(line, b"\n")?;
                if let Some(text) = line[..end].strip_prefix(b"V") {
                    return version(text);
                }
                at += 1 + end;
            }
            _ => return None,
        }
    }
}

fn version(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let plain = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+'));
    plain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_behind_the_opcodes_of_every_protocol() {
        let rows: &[&[u8]] = &[
            b"\x8c\x10_sklearn_version\x94\x8c\x051.5.2\x94",
            b"X\x10\0\0\0_sklearn_versionq\x17X\x05\0\0\x001.5.2q\x18",
            b"V_sklearn_version\np12\nV1.5.2\np13\n",
        ];
        for row in rows {
            assert_eq!(recorded_scikit_learn(row).as_deref(), Some("1.5.2"));
        }
        assert_eq!(recorded_scikit_learn(b"_sklearn_version\x94\x8c\x05"), None);
        assert_eq!(recorded_scikit_learn(b"_sklearn_version"), None);
    }

    #[test]
    fn compressed_files_are_searched_as_well() {
        use std::io::Write as _;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
        encoder.write_all(b"\x8c\x10_sklearn_version\x94\x8c\x051.5.2\x94").unwrap();
        let bytes = encoder.finish().unwrap();
        assert_eq!(recorded_scikit_learn(&decoded(&bytes)).as_deref(), Some("1.5.2"));
        // A cut off one is searched as far as it goes.
        let _ = decoded(&bytes[..bytes.len() / 2]);
        assert_eq!(&*decoded(b"plain"), b"plain");
    }

    #[test]
    fn modules_are_found_in_every_protocol() {
        let bytes =
            b"\x8c\x1dsklearn.linear_model._logistic\x94\x8c\x12Logistic csklearn.tree._tree\nTree\nsklearn.";
        assert_eq!(modules(bytes), ["sklearn.linear_model._logistic", "sklearn.tree._tree", "sklearn"]);
    }

    #[test]
    fn formats_follow_content_before_extension() {
        let pickle = b"\x80\x04\x95abc.";
        assert_eq!(format(Path::new("a.pkl"), pickle), Ok("pickle"));
        assert_eq!(format(Path::new("a.joblib"), pickle), Ok("joblib"));
        assert_eq!(format(Path::new("a.pkl"), b"\x80\x04\x95 NumpyArrayWrapper ."), Ok("joblib"));
        assert_eq!(format(Path::new("a.pkl"), b"\x78\x9cabc"), Ok("joblib"));
        assert_eq!(format(Path::new("a.pkl"), b"hello, world"), Err("it is a text".to_owned()));
        assert_eq!(format(Path::new("a.pkl"), b""), Err("the file is empty".to_owned()));
    }
}
