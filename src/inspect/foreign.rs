//! What stands in the place of an artifact: recognised by the first bytes, as they are and as text.

use std::borrow::Cow;

use crate::vocab::{Foreign, Member};

/// Bytes that are looked at.
pub(super) const HEAD: usize = 4096;

/// Files of archives that are kept.
pub(super) const MOST_MEMBERS: usize = 256;
/// First bytes of files that are something else.
const MAGIC: &[(&[u8], Foreign)] = &[
    (b"\x89HDF\r\n\x1a\n", Foreign::Hdf5),
    (b"PAR1", Foreign::Parquet),
    (b"ARROW1\0\0", Foreign::Arrow),
    (b"FEA1", Foreign::Arrow),
    (b"GGUF", Foreign::Gguf),
    (b"RDX2\n", Foreign::R),
    (b"RDX3\n", Foreign::R),
    (b"X\n\0\0\0", Foreign::R),
    (b"MATLAB 5.0", Foreign::Matlab),
    (b"\xac\xed\x00\x05", Foreign::Java),
    (b"SQLite format 3\0", Foreign::Sqlite),
    (b"\x89PNG\r\n\x1a\n", Foreign::Picture),
    (b"\xff\xd8\xff", Foreign::Picture),
    (b"GIF8", Foreign::Picture),
    (b"%PDF-", Foreign::Pdf),
    (b"\x7fELF", Foreign::Program),
    (b"MZ\x90\0", Foreign::Program),
    (b"\x28\xb5\x2f\xfd", Foreign::Zstd),
    (b"7z\xbc\xaf\x27\x1c", Foreign::SevenZip),
    (b"Rar!\x1a\x07", Foreign::Rar),
    (b"Salted__", Foreign::Encrypted),
    (b"age-encryption.org/", Foreign::Encrypted),
    (b"-----BEGIN PGP MESSAGE", Foreign::Encrypted),
    (b"$ANSIBLE_VAULT;", Foreign::Encrypted),
    (b"CBM1", Foreign::Catboost),
    (b"binf", Foreign::Xgboost),
    (b"{L\0\0\0\0\0\0\0\x07learner", Foreign::Xgboost),
    (b"\x00\x05\x16\x07\x00\x02", Foreign::AppleDouble),
    // A pickle of protocol 2 with this number begins the files of PyTorch up to 1.5.
    (b"\x80\x02\x8a\nl\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", Foreign::Torch),
];

/// Models in formats of their own, which archives are made of too.
pub(super) const BOOSTERS: &[Foreign] =
    &[Foreign::Xgboost, Foreign::Lightgbm, Foreign::Catboost, Foreign::Hdf5];

/// What an archive is instead of a model in something; none where exactly one model is in it.
pub(super) fn kind_of_archive<'n>(
    members: &[Member],
    names: impl Iterator<Item = Cow<'n, str>>,
    booster: Option<Foreign>,
) -> Option<Foreign> {
    let names: Vec<_> = names.take(MOST_MEMBERS).collect();
    let has = |end: &str| names.iter().any(|name| name.ends_with(end));
    if has("/data.pkl") && has("/version") {
        return Some(Foreign::Torch);
    }
    if has("model.weights.h5") {
        return Some(Foreign::Keras);
    }
    let with_objects = members.iter().filter(|member| member.has_objects).count();
    match (with_objects, members.len()) {
        (1, _) | (0, 1) => None,
        (0, 0) => booster.or(Some(Foreign::NoModelInside)),
        _ => Some(Foreign::SeveralInside),
    }
}

/// What a file begins with that is no artifact; none where these bytes say nothing of the kind. `is_all` says that
/// there are no more.
pub(super) fn recognise(head: &[u8], is_all: bool) -> Option<Foreign> {
    if head.is_empty() {
        return Some(Foreign::Empty);
    }
    if let Some((_, known)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*known);
    }
    if is_xgboost_before_1_0(head) {
        return Some(Foreign::Xgboost);
    }
    match head {
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => return Some(Foreign::TensorFlowLite),
        [_, _, _, _, _, 0, 0, 0, b'{', b'"', ..] => return Some(Foreign::SafeTensors),
        _ => {}
    }
    if head.iter().all(|byte| *byte == 0) {
        return Some(Foreign::Zeros);
    }
    changed_pickle(head).or_else(|| text(head, is_all))
}

/// The binary form of XGBoost before 1.0, which has no letters of its own at its beginning: the name of the objective, such
/// as `binary:logistic`, stands behind its length and a block of numbers.
fn is_xgboost_before_1_0(head: &[u8]) -> bool {
    const NUMBERS: usize = 136;
    let Some((length, name)) = head.get(NUMBERS..).and_then(|rest| rest.split_first_chunk()) else {
        return false;
    };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let is_word = |name: &[u8]| name.iter().all(|byte| byte.is_ascii_lowercase() || b":_".contains(byte));
    (5..64).contains(&length) && name.get(..length).is_some_and(|name| is_word(name) && name.contains(&b':'))
}

/// Whether the bytes begin as pickles of protocol 2 and later do.
fn begins_a_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, ..])
}

/// A pickle that an editor, a terminal or a transfer has changed.
fn changed_pickle(head: &[u8]) -> Option<Foreign> {
    let marked = head.strip_prefix(b"\xef\xbb\xbf");
    let blank = head.trim_ascii_start();
    match head {
        _ if marked.is_some_and(begins_a_pickle) => Some(Foreign::ByteOrderMark),
        // The mark and the first opcode, both of them taken for latin-1.
        [0xc2, 0x80, 2..=5, ..] => Some(Foreign::Utf8),
        [0xef, 0xbf, 0xbd, 2..=5, ..] => Some(Foreign::Utf8Lossy),
        _ if blank.len() < head.len() && begins_a_pickle(blank) => Some(Foreign::LeadingBlank),
        _ => None,
    }
}

/// What a text is; none where the bytes are no text.
fn text(head: &[u8], is_all: bool) -> Option<Foreign> {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut at the end of what is looked at.
        Err(error) if error.error_len().is_none() && !is_all => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return None,
    };
    if valid.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return None;
    }
    let text = valid.trim_start_matches('\u{feff}').trim_start();
    let lower = text.get(..text.len().min(512)).unwrap_or(text).to_ascii_lowercase();
    let begins = |word: &str| lower.starts_with(word);
    if text.is_empty() {
        return Some(Foreign::Text);
    }
    if begins("version https://git-lfs") || begins("version https://hawser") {
        return Some(Foreign::LfsPointer);
    }
    if is_all && !text.trim_end().contains('\n') && lower.contains("annex/objects/") {
        return Some(Foreign::AnnexPointer);
    }
    if (begins("outs:") || begins("md5:") || begins("deps:")) && lower.contains("md5:") {
        return Some(Foreign::DvcPointer);
    }
    if begins("<") {
        return Some(markup(&lower));
    }
    if begins("{") {
        return Some(json(&lower));
    }
    if begins("tree\nversion=") || begins("tree\r\nversion=") {
        return Some(Foreign::Lightgbm);
    }
    Some(words(text, &lower, is_all))
}

/// What a text in angle brackets is.
fn markup(lower: &str) -> Foreign {
    match () {
        () if lower.contains("<html") || lower.starts_with("<!doctype html") => Foreign::WebPage,
        () if lower.contains("<error") => Foreign::StoreError,
        () if lower.contains("<pmml") => Foreign::Pmml,
        () if lower.starts_with("<!--") || lower.starts_with("<head") || lower.starts_with("<body") => {
            Foreign::WebPage
        }
        () => Foreign::Xml,
    }
}

/// What a document in JSON is.
fn json(lower: &str) -> Foreign {
    let head: String = lower.chars().filter(|c| !c.is_whitespace()).take(300).collect();
    // Boosters name their learner first, or their version and then the learner.
    if head.starts_with("{\"learner\":")
        || head.starts_with("{\"version\":[") && head.contains("\"learner\":")
    {
        return Foreign::Xgboost;
    }
    if head.contains("\"nbformat\"") || head.starts_with("{\"cells\":[") {
        return Foreign::Notebook;
    }
    if head.starts_with("{\"oblivious_trees\"") || head.starts_with("{\"features_info\"") {
        return Foreign::Catboost;
    }
    let says = ["\"message\":", "\"error\":", "\"errors\":", "\"detail\":"];
    if says.iter().any(|key| head.get(..).is_some_and(|head| head[1..].starts_with(key))) {
        return Foreign::ServiceError;
    }
    Foreign::Json
}

/// What a text without brackets is.
fn words(text: &str, lower: &str, is_all: bool) -> Foreign {
    let line = text.lines().next().unwrap_or_default().trim_end();
    let is_only_line = is_all && text.trim_end().lines().count() == 1;
    // Protocols 2 to 5, and the letters of zlib and gzip, in which joblib compresses.
    let base64 = ["gAI", "gAM", "gAN", "gAR", "gAS", "gAV", "gAW", "eNq", "eJx", "eAF", "H4sI", "eF4", "eNr"];
    let is_digits = |test: fn(char) -> bool| line.len() >= 16 && line.chars().all(test);
    if base64.iter().any(|begin| text.starts_with(begin))
        && is_digits(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_'))
    {
        return Foreign::Base64;
    }
    if ["8002", "8003", "8004", "8005", "789c", "1f8b"].iter().any(|begin| lower.starts_with(begin))
        && is_digits(|c| c.is_ascii_hexdigit())
    {
        return Foreign::Hexadecimal;
    }
    if text.starts_with("b'\\x8") || text.starts_with("b\"\\x8") {
        return Foreign::Repr;
    }
    let is_number = |word: &str| word.len() == 3 && word.chars().all(|c| c.is_ascii_digit());
    let first = lower.split([':', ' ', '\n', '\r']).next().unwrap_or_default();
    let refusals =
        ["not found", "access denied", "forbidden", "unauthorized", "bad gateway", "invalid username"];
    let refuses = refusals.iter().any(|word| lower.starts_with(word)) || lower.starts_with("entry not found");
    if is_all
        && (is_number(first) && matches!(first.as_bytes()[0], b'4' | b'5') || refuses)
        && text.len() < 300
    {
        return Foreign::HttpError;
    }
    if is_only_line && line.len() < 1000 && line.contains('/') && !line.contains(char::is_whitespace) {
        return Foreign::LinkText;
    }
    let separators = |line: &str| [',', ';', '\t'].map(|separator| line.matches(separator).count());
    let mut lines = text.lines().take(3).map(separators);
    if let (Some(first), Some(second)) = (lines.next(), lines.next())
        && first.iter().zip(second).any(|(one, other)| *one > 0 && *one == other)
    {
        return Foreign::Table;
    }
    Foreign::Text
}

/// Whether every line feed in bytes is part of a carriage return and a line feed, and there are some: a binary file
/// that went through a text mode.
pub(super) fn has_windows_line_ends(head: &[u8]) -> bool {
    let mut feeds = memchr::memchr_iter(b'\n', head).peekable();
    feeds.peek().is_some() && feeds.all(|at| at > 0 && head[at - 1] == b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_place_of_a_model_is_named() {
        let rows: &[(&[u8], Foreign)] = &[
            (b"", Foreign::Empty),
            (&[0; 100], Foreign::Zeros),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", Foreign::LfsPointer),
            (b"/annex/objects/SHA256E-s1--00.pkl\n", Foreign::AnnexPointer),
            (b"../.git/annex/objects/aa/bb/SHA256E-s1--00.pkl", Foreign::AnnexPointer),
            (b"outs:\n- md5: 0\n  path: model.pkl\n", Foreign::DvcPointer),
            (b"\n\n<!doctype html>\n<html>", Foreign::WebPage),
            (b"<html><head>", Foreign::WebPage),
            (b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>", Foreign::StoreError),
            (b"<?xml version=\"1.0\"?>\n<PMML version=\"4.4\">", Foreign::Pmml),
            (b"{\"message\":\"Not Found\",\"status\":\"404\"}", Foreign::ServiceError),
            (b"{\"error\":\"Repository not found\"}", Foreign::ServiceError),
            (b"404: Not Found", Foreign::HttpError),
            (b"Entry not found", Foreign::HttpError),
            (b"../real/model.pkl", Foreign::LinkText),
            (b"gASVxQAAAAAAAACMHnNrbGVhcm4ubGluZWFy", Foreign::Base64),
            (b"80049526000000000000008c", Foreign::Hexadecimal),
            (b"b'\\x80\\x04\\x95'", Foreign::Repr),
            (b"\xef\xbb\xbf\x80\x04\x95", Foreign::ByteOrderMark),
            (b"\n\x80\x04\x95", Foreign::LeadingBlank),
            (b"\xc2\x80\x04\xc2\x95", Foreign::Utf8),
            (b"\xef\xbf\xbd\x04\xef\xbf\xbd", Foreign::Utf8Lossy),
            (b"a,b,c\n1,2,3\n", Foreign::Table),
            (b"hello, world", Foreign::Text),
            (b"tree\nversion=v4\n", Foreign::Lightgbm),
            (b"{\"learner\":{\"attributes\"", Foreign::Xgboost),
            (b"{\"version\":[1,7,6],\"learner\":{", Foreign::Xgboost),
            (b"{\"coef\": [[1]]}", Foreign::Json),
            (b"{\n \"cells\": [", Foreign::Notebook),
            (b"%PDF-1.7", Foreign::Pdf),
        ];
        for (bytes, kind) in rows {
            assert_eq!(recognise(bytes, true), Some(*kind), "{}", String::from_utf8_lossy(bytes));
        }
        for bytes in [&b"\x80\x04\x95\0"[..], b"\x08\x08\x12\x08skl2onnx", b"\xff\xfe\xfd"] {
            assert_eq!(recognise(bytes, true), None, "{bytes:02x?}");
        }
    }

    #[test]
    fn pickles_of_text_are_not_taken_for_text() {
        // Whoever asks has seen that nothing reads it as a pickle; what is asked here is only whether bytes are text.
        assert!(has_windows_line_ends(b"ccopy_reg\r\n_reconstructor\r\n"));
        assert!(!has_windows_line_ends(b"a\r\nb\nc"));
        assert!(!has_windows_line_ends(b"abc"));
    }
}
