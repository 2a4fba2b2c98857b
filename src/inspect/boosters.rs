//! What boosters write of themselves into their own bytes, which pickles carry along: XGBoost's model in each of its formats,
//! LightGBM's text, CatBoost's binary model and its JSON.

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::sync::LazyLock;

use memchr::memmem;
use serde::Deserialize;

use super::container::unwrap;
use super::native::library_of;
use super::source::Source;
use super::{InspectOptions, inspect};
use crate::knowledge;
use crate::vocab::{BoosterFacts, Container, Inspection};

/// Bytes that are searched of any file.
const MOST: u64 = 1 << 30;
/// Bytes that are searched at a time, and that are looked at again with the next ones.
const CHUNK: usize = 1 << 20;
const OVERLAP: usize = 512;
/// No word that is looked for is longer.
const LONGEST: usize = 64;

const XGBOOST: &str = "xgboost";
const LIGHTGBM: &str = "lightgbm";
const CATBOOST: &str = "catboost";

/// Takes what stands around a place: the bytes before it, those behind it.
type Reading = fn(&[u8], &[u8], &mut BoosterFacts) -> Option<()>;

/// One thing that a booster says: what stands before it, and how it is read.
struct Saying {
    library: &'static str,
    before: &'static [u8],
    read: Reading,
}

const fn saying(library: &'static str, before: &'static [u8], read: Reading) -> Saying {
    Saying { library, before, read }
}

/// What each library writes, in JSON, UBJSON (a typed count of three, and three numbers), text or its own binary form.
const SAYINGS: &[Saying] = &[
    saying(XGBOOST, b"\"version\":[", |_, rest, facts| set(&mut facts.version, json_version(rest))),
    saying(XGBOOST, b"version[#L\0\0\0\0\0\0\0\x03", |_, rest, facts| {
        set(&mut facts.version, ubjson_version(rest))
    }),
    saying(XGBOOST, b"\"objective\":{\"name\":\"", |_, rest, facts| set(&mut facts.objective, word(rest))),
    saying(XGBOOST, b"objective{L\0\0\0\0\0\0\0\x04nameSL", |_, rest, facts| {
        let (length, rest) = rest.split_first_chunk()?;
        set(&mut facts.objective, counted(u64::from_be_bytes(*length), rest))
    }),
    // XGBoost 3.1 and later: how many columns have categories, or none.
    saying(XGBOOST, b"cats{L\0\0\0\0\0\0\0\x03enc[#L", |_, rest, facts| {
        facts.categories = Some(u64::from_be_bytes(*rest.first_chunk()?) > 0);
        Some(())
    }),
    // The old binary form holds two names, each behind its length: what it was fitted for, and what it is made of.
    saying(XGBOOST, b"\x06\0\0\0\0\0\0\0gbtree", objective_before),
    saying(XGBOOST, b"\x08\0\0\0\0\0\0\0gblinear", objective_before),
    saying(XGBOOST, b"\x04\0\0\0\0\0\0\0dart", objective_before),
    saying(LIGHTGBM, b"tree\nversion=v", |_, rest, facts| {
        let digit = rest.first().filter(|byte| byte.is_ascii_digit())?;
        facts.format_version = facts.format_version.or(Some(u32::from(digit - b'0')));
        // The objective stands in the lines that follow.
        let line = memmem::find(rest, b"\nobjective=")? + b"\nobjective=".len();
        set(&mut facts.objective, word(&rest[line..]))
    }),
    saying(CATBOOST, b"\"loss_function\":", |_, rest, facts| set(&mut facts.objective, loss_of(rest))),
    saying(CATBOOST, b"\n    Branch: tags/v", |_, rest, facts| set(&mut facts.version, catboost_tag(rest))),
    saying(CATBOOST, b"\\n    Branch: tags/v", |_, rest, facts| set(&mut facts.version, catboost_tag(rest))),
    saying(CATBOOST, b"Git info:\n    Commit: ", |_, rest, facts| {
        set(&mut facts.version, catboost_commit(rest))
    }),
    saying(CATBOOST, b"Git info:\\n    Commit: ", |_, rest, facts| {
        set(&mut facts.version, catboost_commit(rest))
    }),
];

static KNOWN: LazyLock<Known> = LazyLock::new(|| knowledge::table("boosters.toml"));

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Known {
    /// Which releases of LightGBM write which version of its text.
    lightgbm_text: BTreeMap<String, String>,
    /// The releases by the beginning of the commit that their wheels were made of.
    catboost_commit: BTreeMap<String, String>,
}

/// The releases of LightGBM that write a version of its text; `None` where that is not known.
pub fn lightgbm_of_text(version: u32) -> Option<&'static str> {
    KNOWN.lightgbm_text.get(&version.to_string()).map(String::as_str)
}

/// Whether a file is a booster, or a pickle that loads one.
pub fn has_boosters(found: &Inspection) -> bool {
    [XGBOOST, LIGHTGBM, CATBOOST].into_iter().any(|library| has_one_of(found, library))
}

fn has_one_of(found: &Inspection, library: &str) -> bool {
    let is_named = || found.pickle.iter().flat_map(|pickle| &pickle.wrappers).any(|it| it.package == library);
    library_of(found.kind).map_or_else(is_named, |own| own == library)
}

impl Inspection {
    /// Takes what the boosters in it say; a release that the file records otherwise stays.
    pub fn take_boosters(&mut self, boosters: Vec<BoosterFacts>) {
        for booster in &boosters {
            if let Some(version) = &booster.version {
                let versions = self.versions.entry(booster.library.clone()).or_default();
                if versions.is_empty() {
                    versions.insert(version.clone());
                }
            }
        }
        self.boosters = boosters;
    }
}

/// The facts of a file, with what the boosters in it say of themselves.
pub fn inspect_with_boosters<R: Read + Seek>(mut file: R, options: InspectOptions) -> Inspection {
    let mut found = inspect(&mut file, options);
    if has_boosters(&found) && file.rewind().is_ok() {
        let said = boosters(&mut file, &found);
        found.take_boosters(said);
    }
    found
}

/// What the boosters in a file say that it is or names, one of each library and the first of several; nothing is looked for
/// in containers within containers.
pub fn boosters<R: Read + Seek>(file: R, found: &Inspection) -> Vec<BoosterFacts> {
    let mut said = said(file, &found.containers);
    said.retain(|facts| has_one_of(found, &facts.library));
    said
}

/// What the bytes say without the container around them; nothing of an archive, or of a container within a container.
fn said<R: Read + Seek>(file: R, containers: &[Container]) -> Vec<BoosterFacts> {
    let searched = Source::new(file).and_then(|mut source| match containers {
        [] => source.rewind().map(|()| search(source)),
        [Container::Zip] => Ok(Vec::new()),
        [one] => unwrap(*one, &source).map(search),
        _ => Ok(Vec::new()),
    });
    // What cannot be read says nothing.
    searched.unwrap_or_default()
}

fn search(file: impl Read) -> Vec<BoosterFacts> {
    let mut file = file.take(MOST);
    let mut window: Vec<u8> = Vec::with_capacity(CHUNK + OVERLAP);
    let mut found: Vec<BoosterFacts> = Vec::new();
    loop {
        let before = window.len();
        // What is damaged behind the booster says nothing against it.
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut window);
        for saying in SAYINGS {
            take_in(&window, saying, &mut found);
        }
        if read.is_err() || window.len() == before {
            return found;
        }
        let kept = window.len().saturating_sub(OVERLAP);
        window.drain(..kept);
    }
}

/// Takes what stands behind each place of a pattern, until something has been read there.
fn take_in(bytes: &[u8], saying: &Saying, found: &mut Vec<BoosterFacts>) {
    for at in memmem::find_iter(bytes, saying.before) {
        let known = found.iter_mut().find(|facts| facts.library == saying.library);
        let (head, rest) = (&bytes[..at], &bytes[at + saying.before.len()..]);
        let mut facts = known.as_deref().cloned().unwrap_or_default();
        if (saying.read)(head, rest, &mut facts).is_none() && facts == BoosterFacts::default() {
            continue;
        }
        facts.library = saying.library.to_owned();
        match known {
            Some(known) => *known = facts,
            None => found.push(facts),
        }
        return;
    }
}

/// Fills what is not known yet; the first booster counts.
fn set(place: &mut Option<String>, found: Option<String>) -> Option<()> {
    let found = found?;
    place.get_or_insert(found);
    Some(())
}

/// A name such as `binary:logistic`, up to what cannot be part of one.
fn word(rest: &[u8]) -> Option<String> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-');
    let end = rest.iter().take(LONGEST).position(|byte| !is_letter(byte))?;
    (end > 0).then(|| String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// CatBoost's loss, which is a word or an object with its type, with blanks between them or without.
fn loss_of(rest: &[u8]) -> Option<String> {
    let rest = rest.trim_ascii_start();
    if let Some(name) = rest.strip_prefix(b"\"") {
        return word(name);
    }
    let inside = rest.strip_prefix(b"{")?;
    let kind = b"\"type\":\"";
    let at = memmem::find(&inside[..inside.len().min(OVERLAP / 2)], kind)?;
    word(&inside[at + kind.len()..])
}

fn counted(length: u64, rest: &[u8]) -> Option<String> {
    let length = usize::try_from(length).ok().filter(|length| *length < LONGEST)?;
    let name = rest.get(..length)?;
    word(&[name, b"\0"].concat()).filter(|word| word.len() == length)
}

/// The name that ends where the bytes end, behind its length in eight bytes.
fn objective_before(head: &[u8], _: &[u8], facts: &mut BoosterFacts) -> Option<()> {
    let name = (1..LONGEST).find_map(|length| {
        let (rest, name) = head.split_at_checked(head.len().checked_sub(length)?)?;
        rest.ends_with(&(length as u64).to_le_bytes()).then(|| counted(length as u64, name)).flatten()
    });
    set(&mut facts.objective, name)
}

fn json_version(rest: &[u8]) -> Option<String> {
    let end = rest.iter().take(24).position(|byte| *byte == b']')?;
    let text = std::str::from_utf8(&rest[..end]).ok()?;
    dotted(text.split(',').map(|part| part.trim().parse().ok()))
}

fn ubjson_version(rest: &[u8]) -> Option<String> {
    let mut rest = rest;
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        let (kind, tail) = rest.split_first()?;
        let width = match kind {
            b'i' | b'U' => 1,
            b'I' => 2,
            b'l' => 4,
            b'L' => 8,
            _ => return None,
        };
        let (number, tail) = tail.split_at_checked(width)?;
        numbers.push(Some(number.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))));
        rest = tail;
    }
    dotted(numbers.into_iter())
}

/// Three small numbers as a release.
fn dotted(numbers: impl Iterator<Item = Option<u64>>) -> Option<String> {
    let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
    let is_release = numbers.len() == 3 && numbers.iter().all(|number| *number < 1000);
    is_release.then(|| format!("{}.{}.{}", numbers[0], numbers[1], numbers[2]))
}

/// `1.2.10` at the end of a line, which in JSON ends with a backslash.
fn catboost_tag(rest: &[u8]) -> Option<String> {
    let is_version = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let end = rest.iter().take(LONGEST).position(|byte| !is_version(byte))?;
    (end > 0).then(|| String::from_utf8_lossy(&rest[..end]).into_owned())
}

fn catboost_commit(rest: &[u8]) -> Option<String> {
    let known = KNOWN.catboost_commit.iter().find(|(commit, _)| rest.starts_with(commit.as_bytes()))?;
    Some(known.1.clone())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use super::*;

    fn of(bytes: &[u8]) -> Vec<BoosterFacts> {
        said(Cursor::new(bytes), &[])
    }

    fn facts(
        library: &str,
        version: Option<&str>,
        format: Option<u32>,
        objective: Option<&str>,
    ) -> BoosterFacts {
        BoosterFacts {
            library: library.to_owned(),
            version: version.map(str::to_owned),
            format_version: format,
            objective: objective.map(str::to_owned),
            categories: None,
        }
    }

    #[test]
    fn a_text_of_lightgbm_tells_its_releases() {
        assert_eq!(lightgbm_of_text(4), Some(">=4"));
        assert_eq!(lightgbm_of_text(9), None);
    }

    #[test]
    fn releases_and_objectives_are_read_wherever_they_stand() {
        let json = b"..\"objective\":{\"name\":\"reg:squarederror\"}},\"version\":[1,5,2]},\"Model\"..";
        assert_eq!(of(json), [facts(XGBOOST, Some("1.5.2"), None, Some("reg:squarederror"))]);
        let mut ubjson =
            b"\x07objective{L\0\0\0\0\0\0\0\x04nameSL\0\0\0\0\0\0\0\x0fbinary:logisticL".to_vec();
        ubjson.extend_from_slice(b"version[#L\0\0\0\0\0\0\0\x03i\x02i\x01i\x04}");
        assert_eq!(of(&ubjson), [facts(XGBOOST, Some("2.1.4"), None, Some("binary:logistic"))]);
        for (count, has_some) in [(0, false), (2, true)] {
            let cats =
                [&b"L\0\0\0\0\0\0\0\x04cats{L\0\0\0\0\0\0\0\x03enc[#L\0\0\0\0\0\0\0"[..], &[count]].concat();
            assert_eq!(of(&cats)[0].categories, Some(has_some));
        }
        let binary = b"binf\0\0\0\0\0\0\0\0\x0f\0\0\0\0\0\0\0binary:logistic\x06\0\0\0\0\0\0\0gbtree";
        assert_eq!(of(binary), [facts(XGBOOST, None, None, Some("binary:logistic"))]);
        let text = b"Xtree\nversion=v4\nnum_class=1\nobjective=binary sigmoid:1\nfeature_names=a";
        assert_eq!(of(text), [facts(LIGHTGBM, None, Some(4), Some("binary"))]);
        let cbm = b"CBM1..\"loss_function\":{\"type\":\"Logloss\",..Git info:\n    Commit: b1\n    Branch: tags/v1.2.10\n";
        assert_eq!(of(cbm), [facts(CATBOOST, Some("1.2.10"), None, Some("Logloss"))]);
        let json = b"{\n\"loss_function\":\n  {\n \"params\":\n {},\n \"type\":\"RMSE\"\n}";
        assert_eq!(of(json), [facts(CATBOOST, None, None, Some("RMSE"))]);
        let json = b"\"version\":[1,5,2]";
        for nothing in
            [&b""[..], b"\"version\":[", b"\"version\":[1,2]", b"\"version\":[a,b,c]", b"version[#L"]
        {
            assert_eq!(of(nothing), []);
        }
        // Across the border of two pieces, and compressed.
        let mut far = vec![0; CHUNK - 5];
        far.extend_from_slice(json);
        assert_eq!(of(&far).len(), 1);
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
        encoder.write_all(&far).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(said(Cursor::new(packed), &[Container::Zlib]).len(), 1);
    }

    #[test]
    fn two_libraries_in_one_file_are_told_apart_and_the_first_of_each_counts() {
        let bytes = b"tree\nversion=v3\nobjective=regression\n..\"version\":[1,0,2]..\"version\":[2,0,3]..tree\nversion=v4\n";
        assert_eq!(
            of(bytes),
            [facts(XGBOOST, Some("1.0.2"), None, None), facts(LIGHTGBM, None, Some(3), Some("regression"))]
        );
    }
}
