//! Layer 0: what is known of releases, as data. The files of `knowledge/`, which `build.rs` packs into the program; each
//! table is read by the one file that answers from it, by way of this one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::de::DeserializeOwned;

/// Written by hand: paths and texts by turns, each ended by [`END`], compressed.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/knowledge.zst"));
/// Written by measuring, and large: read by the few commands that need it.
static MEASURED: [(&str, &[u8]); 2] = [
    ("evidence.json", include_bytes!(concat!(env!("OUT_DIR"), "/evidence.json.zst"))),
    ("facts.json", include_bytes!(concat!(env!("OUT_DIR"), "/facts.json.zst"))),
];
/// What `build.rs` finds in no file.
const END: char = '\0';

/// What [`PACKED`] holds.
static WHOLE: LazyLock<String> = LazyLock::new(|| {
    // Written by the build of this very program; a test reads it.
    zstd::decode_all(PACKED).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
});

static FILES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut parts = WHOLE.split_terminator(END);
    std::iter::from_fn(|| Some((parts.next()?, parts.next()?))).collect()
});

/// The text of a file by its path in `knowledge/`; empty where there is none.
pub fn text(path: &str) -> &'static str {
    FILES.get(path).copied().unwrap_or_default()
}

/// The files right inside a folder of `knowledge/`: their names without an ending, and their texts, in the order of
/// the paths.
pub fn folder(path: &str) -> Vec<(&'static str, &'static str)> {
    let inside = |(file, text): (&&'static str, &&'static str)| {
        let name = file.strip_prefix(path)?.strip_prefix('/')?;
        (!name.contains('/')).then(|| (name.rsplit_once('.').map_or(name, |(stem, _)| stem), *text))
    };
    FILES.iter().filter_map(inside).collect()
}

/// A table in TOML, by its path in `knowledge/`. The files are part of the program, and a test of each reader parses its
/// own, so that the empty table is given to nobody.
pub fn table<T: DeserializeOwned + Default>(path: &str) -> T {
    toml::from_str(text(path)).unwrap_or_default()
}

/// What was measured, by the name of its file in `knowledge/`; with the promise of [`table`].
pub fn measured<T: DeserializeOwned + Default>(name: &str) -> T {
    let packed = MEASURED.iter().find(|(own, _)| *own == name).map_or(&[][..], |(_, packed)| packed);
    zstd::decode_all(packed).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    #[test]
    fn every_file_is_there_as_it_was_written() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge");
        for (path, text) in &*FILES {
            assert_eq!(*text, std::fs::read_to_string(root.join(path)).unwrap(), "{path}");
        }
        for (name, packed) in MEASURED {
            let written: Value = serde_json::from_slice(&std::fs::read(root.join(name)).unwrap()).unwrap();
            assert!(measured::<Value>(name) == written, "{name}");
            // The wheel has 8 MiB for everything.
            assert!(packed.len() < 64 << 10, "{name}: {}", packed.len());
        }
        for entry in std::fs::read_dir(&root).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            let is_measured = MEASURED.iter().any(|(own, _)| *own == name);
            assert!(entry.path().is_dir() || is_measured || FILES.contains_key(&*name), "{name}");
        }
    }

    #[test]
    fn folders_list_what_is_right_inside() {
        let count = |ending: &str| FILES.keys().filter(|path| path.ends_with(ending)).count();
        let (mends, companions) = (folder("mends"), folder("mends/companions"));
        assert!(!companions.is_empty());
        assert_eq!(mends.len() + companions.len(), count(".py"));
        assert!(folder("rules").iter().all(|(name, text)| !name.contains('.') && !text.is_empty()));
        assert!(folder("rule").is_empty() && text("rules").is_empty());
    }
}
