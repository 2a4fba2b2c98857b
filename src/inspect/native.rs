//! Files in the formats of boosters themselves: which of them, and whether they go on to their end.

use std::io::Read;

use memchr::memmem;

use super::foreign;
use super::input::{Input, Stop, stop};
use crate::vocab::{ArtifactKind, Foreign, ProblemKind};

/// What the first bytes say, the kind of file that it is, and the library whose own format that is.
const KINDS: &[(Foreign, ArtifactKind, &str)] = &[
    (Foreign::Xgboost, ArtifactKind::Xgboost, "xgboost"),
    (Foreign::Lightgbm, ArtifactKind::Lightgbm, "lightgbm"),
    (Foreign::Catboost, ArtifactKind::Catboost, "catboost"),
];

/// The line that stands behind the last tree of LightGBM's text.
const END_OF_TREES: &[u8] = b"\nend of trees";
/// Bytes of CatBoost's magic and of the length behind it.
const CBM_HEAD: u64 = 8;
/// Bytes that are looked at a time.
const CHUNK: usize = 1 << 16;

/// The kind of a file in a booster's own format, by its first bytes; none where it is something else.
pub(super) fn kind_of(head: &[u8]) -> Option<ArtifactKind> {
    let recognised = foreign::recognise(head, false)?;
    KINDS.iter().find(|(foreign, ..)| *foreign == recognised).map(|(_, kind, _)| *kind)
}

/// Whether the first bytes of a file are those of a booster's own format.
pub fn is_native(head: &[u8]) -> bool {
    kind_of(head).is_some()
}

/// The library whose own format a kind of file is; none for what several write, or anybody.
pub fn library_of(kind: ArtifactKind) -> Option<&'static str> {
    KINDS.iter().find(|(_, known, _)| *known == kind).map(|(.., library)| *library)
}

/// Reads one that is no JSON to its end.
///
/// # Errors
/// Where it ends too early.
pub(super) fn read(input: &mut Input<'_>, head: &[u8], kind: ArtifactKind) -> Result<(), Stop> {
    let is_whole = match head {
        [b'C', b'B', b'M', b'1', length @ ..] => {
            let length = length.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            input.drain()?;
            input.offset() >= CBM_HEAD + u64::from(length)
        }
        _ => {
            let seen = Seen::to_the_end(input)?;
            match (kind, head.first()) {
                (ArtifactKind::Lightgbm, _) => seen.has_end_of_trees,
                // UBJSON closes what it opens.
                (_, Some(b'{')) => seen.last == Some(b'}'),
                _ => true,
            }
        }
    };
    if is_whole {
        return Ok(());
    }
    Err(stop(ProblemKind::Truncated, input.offset(), "the file ends inside the model of the booster"))
}

/// What was seen on the way to the end.
#[derive(Default)]
struct Seen {
    has_end_of_trees: bool,
    last: Option<u8>,
}

impl Seen {
    fn to_the_end(input: &mut Input<'_>) -> Result<Self, Stop> {
        let mut seen = Self::default();
        let finder = memmem::Finder::new(END_OF_TREES);
        let mut window = Vec::with_capacity(CHUNK + END_OF_TREES.len());
        loop {
            let before = window.len();
            let read = Read::take(&mut *input, CHUNK as u64).read_to_end(&mut window);
            if let Err(error) = read {
                return Err(stop(ProblemKind::Unreadable, input.offset(), error.to_string()));
            }
            if window.len() == before {
                return Ok(seen);
            }
            seen.has_end_of_trees |= finder.find(&window).is_some();
            seen.last = window.last().copied();
            let kept = window.len().saturating_sub(END_OF_TREES.len());
            window.drain(..kept);
        }
    }
}
