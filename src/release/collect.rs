//! The files of a release become its facts: those of a wheel, an sdist, or a folder. Names in archives are never paths
//! here, sizes are bounded whatever an archive claims, and nothing is written.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use super::{elf, source};
use crate::vocab::{Digest, ModuleFacts, ReleaseFacts};

/// Bytes of a source, of a compiled module, and of all that is read of one release.
const MOST_SOURCE: u64 = 16 << 20;
const MOST_COMPILED: u64 = 256 << 20;
const MOST_OF_ALL: u64 = 2 << 30;
/// Files of one release.
const MOST_FILES: usize = 100_000;

/// Why something is not read as a release.
#[derive(Debug, thiserror::Error)]
pub enum NotARelease {
    /// It is no zip.
    #[error("it is not a wheel: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// It is not read to its end.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A file in it has a name that leads out of it.
    #[error("it names a file outside of itself: `{0}`")]
    Escapes(String),
    /// A file in it is larger than any module.
    #[error("`{name}` in it has more than {most} bytes")]
    TooLarge {
        /// The file.
        name: String,
        /// What is read at most.
        most: u64,
    },
    /// Altogether it is larger than any release.
    #[error("it unpacks to more than {MOST_OF_ALL} bytes")]
    TooMuch,
    /// More files than any release has.
    #[error("it has more than {MOST_FILES} files")]
    TooMany,
    /// Nothing in it is a package of Python.
    #[error("no Python package is in it")]
    Empty,
}

/// Takes in one file after another.
#[derive(Debug, Default)]
pub struct Collector {
    facts: ReleaseFacts,
    seen: u64,
    files: usize,
}

/// What a file of a release is to facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Python,
    Compiled,
    Cython,
    Template,
    Metadata,
}

/// What a path says of its file; `None` for what says nothing.
fn part_of(path: &str) -> Option<Part> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_test = path.split('/').any(|part| matches!(part, "tests" | "test" | "testing"));
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        _ if matches!(name, "METADATA" | "PKG-INFO") => Some(Part::Metadata),
        _ if is_test => None,
        Some("py") => Some(Part::Python),
        Some("so") if is_library(name) => None,
        Some("so" | "pyd") => Some(Part::Compiled),
        Some("pyx" | "pxd") => Some(Part::Cython),
        Some("tp") if name.ends_with(".pyx.tp") || name.ends_with(".pxd.tp") => Some(Part::Template),
        _ => None,
    }
}

/// Whether machine code is a library that modules load and that nothing imports, such as the `libxgboost.so` of XGBoost, which has
/// hundreds of megabytes. `lib.cpython-311-x86_64-linux-gnu.so` is a module.
fn is_library(name: &str) -> bool {
    name.starts_with("lib") && !name.contains(".cpython-") && !name.contains(".abi3.") && name != "lib.so"
}

impl Part {
    fn most(self) -> u64 {
        match self {
            Self::Compiled => MOST_COMPILED,
            Self::Python | Self::Cython | Self::Template | Self::Metadata => MOST_SOURCE,
        }
    }
}

/// The module that a path is, and whether it is a package.
fn module_of(path: &str) -> Option<(String, bool)> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.split('.').next()?;
    let is_package = stem == "__init__";
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if !is_package {
        parts.push(stem);
    }
    let is_name = |part: &&str| part.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    (!parts.is_empty() && parts.iter().all(is_name)).then(|| (parts.join("."), is_package))
}

impl Collector {
    /// Whether a file says anything, and how many bytes of it are read at most.
    pub fn wants(path: &str) -> Option<u64> {
        part_of(path).map(Part::most)
    }

    /// Takes a file in, by its path within the release.
    ///
    /// # Errors
    /// When it is larger than any such file, or there are more than any release has.
    pub fn add(&mut self, path: &str, mut content: impl Read) -> Result<(), NotARelease> {
        let Some(part) = part_of(path) else { return Ok(()) };
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(NotARelease::TooMany);
        }
        let mut bytes = Vec::new();
        content.by_ref().take(part.most() + 1).read_to_end(&mut bytes)?;
        let size = bytes.len() as u64;
        if size > part.most() {
            return Err(NotARelease::TooLarge { name: shown(path), most: part.most() });
        }
        self.seen += size;
        if self.seen > MOST_OF_ALL {
            return Err(NotARelease::TooMuch);
        }
        self.take(path, part, &bytes);
        Ok(())
    }

    fn take(&mut self, path: &str, part: Part, bytes: &[u8]) {
        if part == Part::Metadata {
            self.metadata(&String::from_utf8_lossy(bytes));
            return;
        }
        let Some((name, is_package)) = module_of(path) else { return };
        match part {
            Part::Python => {
                let text = String::from_utf8_lossy(bytes);
                let known = self.facts.modules.remove(&name).and_then(|known| known.compiled);
                if is_package && !name.contains('.') && self.facts.version.is_empty() {
                    self.facts.version = written_version(&text).unwrap_or_default();
                }
                let module = source::module(&name, is_package, &text);
                self.facts.modules.insert(name, ModuleFacts { compiled: known, ..module });
            }
            Part::Compiled => {
                self.facts.is_compiled = true;
                let mut compiled = elf::compiled(&name, bytes);
                let module = self.facts.modules.entry(name).or_default();
                if let Some(sources) = module.compiled.take() {
                    elf::beside(&mut compiled, sources);
                }
                module.compiled = Some(compiled);
            }
            Part::Cython | Part::Template => {
                let text = String::from_utf8_lossy(bytes);
                let (names, structs) = source::cython(&text);
                let mut found = elf::from_source(names, structs, Digest::of(bytes).short());
                // The names of a template are made when it is built.
                found.is_readable = part == Part::Cython;
                let module = self.facts.modules.entry(name).or_default();
                match &mut module.compiled {
                    None => module.compiled = Some(found),
                    Some(known) => elf::beside(known, found),
                }
            }
            Part::Metadata => {}
        }
    }

    fn metadata(&mut self, text: &str) {
        let field = |name: &str| {
            let lines = text.lines().take_while(|line| !line.is_empty());
            lines.filter_map(|line| line.strip_prefix(name)).map(|it| it.trim().to_owned()).next()
        };
        if let (Some(project), Some(version)) = (field("Name:"), field("Version:")) {
            (self.facts.project, self.facts.version) = (project, version);
        }
    }

    /// The facts of everything that was taken in.
    ///
    /// # Errors
    /// When no package was among it.
    pub fn finish(self) -> Result<ReleaseFacts, NotARelease> {
        let mut facts = self.facts;
        let packages: BTreeMap<String, bool> = facts
            .modules
            .iter()
            .filter(|(name, _)| !name.contains('.'))
            .map(|(name, module)| (name.clone(), module.is_package))
            .collect();
        let top = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        facts.modules.retain(|name, _| packages.get(&top(name)) == Some(&true));
        // Headers of what was compiled into something else are no modules.
        if facts.is_compiled {
            facts.modules.retain(|_, module| {
                let is_header = module.compiled.as_ref().is_some_and(|compiled| !compiled.is_machine);
                module.is_package || !module.names.is_empty() || !is_header
            });
        }
        if facts.project.is_empty() {
            facts.project = facts.modules.keys().next().cloned().unwrap_or_default();
        }
        if facts.version.is_empty() {
            facts.version = "(of no version)".to_owned();
        }
        if facts.modules.is_empty() { Err(NotARelease::Empty) } else { Ok(facts) }
    }
}

/// What `__init__` says of its version.
fn written_version(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("__version__"))?;
    let value = line.trim_start_matches([' ', '=', ':']).trim();
    let value = value.trim_matches(['"', '\'']);
    value.starts_with(|first: char| first.is_ascii_digit()).then(|| value.to_owned())
}

fn shown(path: &str) -> String {
    path.chars().take(200).map(|character| if character.is_control() { '?' } else { character }).collect()
}

/// A name within an archive, refused where it leads out of it.
fn inside(name: &str) -> Result<&str, NotARelease> {
    let leaves = name.starts_with('/')
        || name.contains('\\')
        || name.contains('\0')
        || name.split('/').any(|part| part == "..");
    if leaves { Err(NotARelease::Escapes(shown(name))) } else { Ok(name) }
}

/// The facts of a wheel.
///
/// # Errors
/// When it is no zip, is truncated, leads out of itself, or is larger than any release.
pub fn wheel(content: impl Read + Seek) -> Result<ReleaseFacts, NotARelease> {
    let mut archive = zip::ZipArchive::new(content)?;
    if archive.len() > MOST_FILES {
        return Err(NotARelease::TooMany);
    }
    let mut collector = Collector::default();
    for index in 0..archive.len() {
        let file = archive.by_index(index)?;
        let name = inside(&file.name()?)?.to_owned();
        if let Some(most) = Collector::wants(&name).filter(|most| file.size() > *most) {
            return Err(NotARelease::TooLarge { name: shown(&name), most });
        }
        collector.add(&name, file)?;
    }
    collector.finish()
}

/// The facts of an sdist, a tar in gzip.
///
/// # Errors
/// As for a wheel.
pub fn sdist(content: impl Read) -> Result<ReleaseFacts, NotARelease> {
    // What is passed over is unpacked as well.
    let stream = flate2::read::MultiGzDecoder::new(content).take(MOST_OF_ALL);
    let mut archive = tar::Archive::new(stream);
    let mut collector = Collector::default();
    let mut seen = 0;
    for entry in archive.entries()? {
        let entry = entry?;
        seen += 1;
        if seen > MOST_FILES {
            return Err(NotARelease::TooMany);
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = inside(&name)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        // All is in one folder, named after the release.
        let within = name.split_once('/').map_or(name, |(_, rest)| rest);
        let within = within.strip_prefix("src/").unwrap_or(within).to_owned();
        collector.add(&within, entry)?;
    }
    collector.finish()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use proptest::prelude::*;

    use super::*;

    fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn told(bytes: &[u8]) -> String {
        wheel(Cursor::new(bytes)).map_or_else(|refused| refused.to_string(), |facts| facts.version)
    }

    #[test]
    fn a_library_is_no_module() {
        let wanted =
            ["p/_x.so", "p/lib.so", "p/lib.cpython-311-x86_64-linux-gnu.so", "p/libs.abi3.so", "p/x.pyd"];
        assert!(wanted.iter().all(|path| Collector::wants(path) == Some(MOST_COMPILED)));
        assert_eq!(Collector::wants("xgboost/lib/libxgboost.so"), None);
        assert_eq!(Collector::wants("p.libs/libgomp-a34b.so"), None);
    }

    #[test]
    fn a_wheel_says_its_project_version_and_modules() {
        let files: [(&str, &[u8]); 3] = [
            ("p/__init__.py", b"from ._a import A\n"),
            ("p/_a.py", b"class A:\n    pass\n"),
            ("p-1.2.dist-info/METADATA", b"Name: p\nVersion: 1.2\n\nName: other\n"),
        ];
        let facts = wheel(Cursor::new(zip_of(&files))).unwrap();
        assert_eq!((facts.project.as_str(), facts.version.as_str()), ("p", "1.2"));
        assert_eq!(facts.modules["p"].names["A"], "p._a:A");
        assert!(facts.modules["p._a"].classes.contains_key("A"));
    }

    #[test]
    fn what_strangers_hand_over_is_refused_by_name() {
        assert!(told(b"no zip").starts_with("it is not a wheel"));
        assert!(told(b"").starts_with("it is not a wheel"));
        let whole = zip_of(&[("p/__init__.py", b"x = 1\n")]);
        assert!(told(&whole[..whole.len() / 2]).starts_with("it is not a wheel"));
        assert_eq!(
            told(&zip_of(&[("../p/__init__.py", b"")])),
            "it names a file outside of itself: `../p/__init__.py`"
        );
        assert_eq!(told(&zip_of(&[("readme.txt", b"")])), "no Python package is in it");
        let large = vec![b' '; usize::try_from(MOST_SOURCE).unwrap() + 1];
        assert_eq!(
            told(&zip_of(&[("p/__init__.py", &large)])),
            "`p/__init__.py` in it has more than 16777216 bytes"
        );
    }

    proptest! {
        #[test]
        fn damaged_wheels_do_no_harm(at in 0_usize..400, byte in any::<u8>()) {
            let mut bytes = zip_of(&[("p/__init__.py", b"from ._a import A\n"), ("p/_a.py", b"class A: pass\n")]);
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = wheel(Cursor::new(&bytes));
            let _ = sdist(&bytes[..]);
        }
    }
}
