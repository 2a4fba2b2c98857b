//! Releases that boosters write into their own bytes, which pickles carry along: XGBoost's model, and LightGBM's text.

use std::io::{Read, Seek};

use super::container::unwrap;
use super::source::Source;
use crate::vocab::Container;

/// Bytes that are searched of any file.
const MOST: u64 = 1 << 30;
/// Bytes that are searched at a time, and that are looked at again with the next ones.
const CHUNK: usize = 1 << 20;
const OVERLAP: usize = 64;

/// `"version":[1,5,2]` in XGBoost's JSON.
const XGBOOST_JSON: &[u8] = b"\"version\":[";
/// The same in its UBJSON: a typed count of three, and three numbers.
const XGBOOST_UBJSON: &[u8] = b"version[#L\0\0\0\0\0\0\0\x03";
/// LightGBM's text says the version of its format.
const LIGHTGBM: &[u8] = b"tree\nversion=v";

/// What a booster says of the release that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoosterRelease {
    /// The release of XGBoost.
    Xgboost(String),
    /// The format of LightGBM, which several releases write.
    Lightgbm(u32),
}

/// The first release that a booster in a file says; nothing is looked for in containers within containers.
pub fn booster_release<R: Read + Seek>(file: R, containers: &[Container]) -> Option<BoosterRelease> {
    let mut source = Source::new(file).ok()?;
    match containers {
        [] => {
            source.rewind().ok()?;
            search(source)
        }
        [Container::Zip] => None,
        [one] => search(unwrap(*one, &source).ok()?),
        _ => None,
    }
}

fn search(file: impl Read) -> Option<BoosterRelease> {
    let mut file = file.take(MOST);
    let mut window: Vec<u8> = Vec::with_capacity(CHUNK + OVERLAP);
    loop {
        let before = window.len();
        // What is damaged behind the booster says nothing against it.
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut window);
        if let Some(found) = found(&window) {
            return Some(found);
        }
        if read.is_err() || window.len() == before {
            return None;
        }
        let kept = window.len().saturating_sub(OVERLAP);
        window.drain(..kept);
    }
}

fn found(bytes: &[u8]) -> Option<BoosterRelease> {
    behind(bytes, XGBOOST_JSON)
        .find_map(json_version)
        .or_else(|| behind(bytes, XGBOOST_UBJSON).find_map(ubjson_version))
        .map(BoosterRelease::Xgboost)
        .or_else(|| {
            let digit =
                |rest: &[u8]| rest.first().filter(|it| it.is_ascii_digit()).map(|it| u32::from(it - b'0'));
            behind(bytes, LIGHTGBM).find_map(digit).map(BoosterRelease::Lightgbm)
        })
}

/// What follows each place of a pattern.
fn behind<'a>(bytes: &'a [u8], pattern: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let places = bytes.windows(pattern.len()).enumerate().filter(move |(_, window)| *window == pattern);
    places.map(move |(at, _)| &bytes[at + pattern.len()..])
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

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use super::*;

    fn of(bytes: &[u8]) -> Option<BoosterRelease> {
        booster_release(Cursor::new(bytes), &[])
    }

    #[test]
    fn releases_are_read_wherever_they_stand() {
        let json = b"..\"objective\":{}}},\"version\":[1,5,2]},\"Model\"..";
        assert_eq!(of(json), Some(BoosterRelease::Xgboost("1.5.2".to_owned())));
        let mut ubjson = b"\x07".to_vec();
        ubjson.extend_from_slice(XGBOOST_UBJSON);
        ubjson.extend_from_slice(b"i\x02i\x01i\x04}");
        assert_eq!(of(&ubjson), Some(BoosterRelease::Xgboost("2.1.4".to_owned())));
        assert_eq!(of(b"Xtree\nversion=v4\nnum_class=1"), Some(BoosterRelease::Lightgbm(4)));
        for nothing in
            [&b""[..], b"\"version\":[", b"\"version\":[1,2]", b"\"version\":[a,b,c]", b"version[#L"]
        {
            assert_eq!(of(nothing), None);
        }
        // Across the border of two pieces, and compressed.
        let mut far = vec![0; CHUNK - 5];
        far.extend_from_slice(json);
        assert!(of(&far).is_some());
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
        encoder.write_all(&far).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(booster_release(Cursor::new(packed), &[Container::Zlib]).is_some());
    }
}
