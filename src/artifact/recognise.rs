//! What a file is and who wrote it, as the static reader sees it. Nothing is executed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use super::evidence::Evidence;
use crate::explain;
use crate::format;
use crate::inspect::{InspectOptions, boosters, contained, digests, has_boosters, inspect, lightgbm_of_text};
use crate::matrix::AskedPackage;
use crate::notation::Version;
use crate::vocab::{ArtifactKind, BoosterFacts, Container, Digest, Foreign, Inspection, Trust};

/// Modules of one file that are told.
const MOST_MODULES: usize = 64;
/// The format of what joblib or a program around pickle compressed: joblib reads all of them.
const COMPRESSED: &str = "joblib";
/// The same for lz4, which joblib reads only beside the package of that name.
const COMPRESSED_LZ4: &str = "joblib-lz4";

/// What a static look says of an artifact.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Name of its format; `None` where it is nothing that can be tried.
    pub format: Option<&'static str>,
    /// What it is instead.
    pub foreign: Option<Foreign>,
    /// Whether loading it runs commands or arbitrary code.
    pub runs_commands: bool,
    /// What is to be known of how it is read.
    pub notes: Vec<String>,
    /// BLAKE3 of its bytes.
    pub digest: Option<Digest>,
    /// Versions that it records, by package; the newest where it names several.
    pub versions: BTreeMap<String, String>,
    /// Packages for which it names several versions, with all of them.
    pub several: BTreeMap<String, Vec<String>>,
    /// scikit-learn's modules that loading it imports.
    pub modules: Vec<String>,
    /// Whether an estimator in it was fitted on named columns.
    pub named_columns: bool,
    /// Packages beside scikit-learn that reading its format takes.
    pub packages: BTreeSet<String>,
    /// Modules of further packages that loading it imports, and the package of each.
    pub imports: BTreeMap<String, String>,
    /// Modules that loading it imports and that no known package brings.
    pub own: BTreeSet<String>,
    /// What its bytes prove of what wrote it.
    pub evidence: Evidence,
    /// Lines of requirements that come with it and name no version of the index.
    pub asked: Vec<AskedPackage>,
}

impl Seen {
    /// Adds what a part of a folder says to what is known of the whole.
    pub fn join(&mut self, part: Self) {
        for (package, version) in part.versions {
            self.versions.entry(package).or_insert(version);
        }
        self.named_columns |= part.named_columns;
        self.runs_commands |= part.runs_commands;
        self.packages.extend(part.packages);
        self.imports.extend(part.imports);
        self.own.extend(part.own);
        self.evidence.join(part.evidence);
        self.asked.extend(part.asked);
        for module in part.modules {
            if !self.modules.contains(&module) && self.modules.len() < MOST_MODULES {
                self.modules.push(module);
            }
        }
    }

    /// Takes what a booster says of the release that wrote it; where it is one release, its readers get it as well.
    fn take_booster(&mut self, booster: BoosterFacts) {
        if let Some(version) = booster.version {
            self.packages.insert(booster.library.clone());
            self.versions.entry(booster.library).or_insert(version);
            return;
        }
        if let Some(releases) = booster.format_version.and_then(lightgbm_of_text) {
            self.evidence.packages.insert("lightgbm", releases);
        }
    }

    /// Takes a format, found or declared, with the packages that reading it takes.
    pub fn take_format(&mut self, name: &'static str) {
        self.format = Some(name);
        let handler = format::find(name).and_then(|row| format::handler(row.handler));
        for package in handler.into_iter().flat_map(|handler| handler.packages) {
            self.packages.insert((*package).to_owned());
        }
        if name == COMPRESSED_LZ4 {
            self.packages.insert("lz4".to_owned());
        }
    }
}

/// What a look at a whole file gives.
pub(super) struct Examined {
    pub seen: Seen,
    /// BLAKE3 of the file itself.
    pub digest: Digest,
    /// SHA-256 of its bytes in hexadecimal, where it was asked for.
    pub sha256: Option<String>,
    /// The model, where it is one in an archive or compressed in a way that no handler undoes.
    pub unpacked: Option<Vec<u8>>,
}

/// Looks at one file that is held in memory.
pub(super) fn look(path: &Path, bytes: &[u8]) -> Seen {
    let examined = examine(path, Cursor::new(bytes), false);
    // Reading memory does not fail.
    examined.map_or_else(|_| Seen::default(), |it| it.seen)
}

/// Looks at one file, piece by piece.
///
/// # Errors
/// When it cannot be read to its end.
pub(super) fn examine(path: &Path, mut file: impl Read + Seek, sha256: bool) -> io::Result<Examined> {
    let inspection = inspect(&mut file, InspectOptions::FACTS);
    file.rewind()?;
    let digests = digests(&mut file, sha256)?;
    file.rewind()?;
    let unpacked = if inspection.foreign.is_none() { contained(&mut file, &inspection) } else { Ok(None) };
    let Some(bytes) = unpacked? else {
        let seen = seen_with_booster(path, &inspection, &mut file)?;
        let seen = Seen { digest: Some(digests.blake3), ..seen };
        return Ok(Examined { seen, digest: digests.blake3, sha256: digests.sha256, unpacked: None });
    };
    let member = inspection.only_member();
    let name = member.map_or_else(|| path.with_extension(""), |member| member.name.as_str().into());
    let inner = inspect(Cursor::new(&bytes), InspectOptions::FACTS);
    let seen = seen_with_booster(&name, &inner, &mut Cursor::new(&bytes))?;
    let mut seen = Seen { digest: Some(Digest::of(&bytes)), ..seen };
    seen.notes.insert(
        0,
        match member {
            Some(member) => format!("the model in it is tried: {}", member.name),
            None => "it is compressed in a way that no reader of pickles undoes: the pickle in it is tried"
                .to_owned(),
        },
    );
    Ok(Examined { seen, digest: digests.blake3, sha256: digests.sha256, unpacked: Some(bytes) })
}

/// What an inspection says of a file that handlers read as it is.
fn seen(path: &Path, inspection: &Inspection) -> Seen {
    let mut seen = facts(inspection);
    match format_of(path, inspection).filter(|_| inspection.foreign.is_none()) {
        Some(format) => seen.take_format(format),
        None => {
            // It is not loaded, so that nothing that it seems to import is needed.
            seen.imports.clear();
            seen.own.clear();
            seen.foreign = Some(strange(inspection));
        }
    }
    // Where its own package is taken care of, it is none that nobody has thought of.
    let handled = seen.packages.clone();
    seen.imports.retain(|_, package| !handled.contains(package));
    seen
}

/// The same, with what the bytes of a booster in it say of the release that wrote them.
fn seen_with_booster(
    path: &Path,
    inspection: &Inspection,
    file: &mut (impl Read + Seek),
) -> io::Result<Seen> {
    let mut seen = seen(path, inspection);
    if seen.format.is_some() && has_boosters(inspection) {
        file.rewind()?;
        boosters(file, inspection).into_iter().for_each(|booster| seen.take_booster(booster));
    }
    Ok(seen)
}

/// The format of a file.
fn format_of(path: &Path, inspection: &Inspection) -> Option<&'static str> {
    let handler = match inspection.kind {
        ArtifactKind::Pickle | ArtifactKind::Joblib | ArtifactKind::Unknown => {
            return pickled(path, inspection);
        }
        kind => format::HANDLERS.iter().find(|handler| handler.reads == Some(kind))?.name,
    };
    format::TABLE.iter().find(|row| row.handler == handler).map(|row| row.name)
}

/// The format of a pickle, plain or compressed.
fn pickled(path: &Path, inspection: &Inspection) -> Option<&'static str> {
    let is_compressed = inspection.containers.iter().any(|container| *container != Container::Zip);
    let is_of = |package: &str| inspection.globals().iter().any(|global| top(&global.module) == package);
    let named_joblib = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("joblib"));
    // joblib reads every pickle, and whoever named it so does.
    let with_joblib = inspection.kind == ArtifactKind::Joblib || is_compressed || named_joblib;
    let pickle = inspection.pickle.as_ref();
    if inspection.kind == ArtifactKind::Unknown && !is_compressed {
        return None;
    }
    Some(match () {
        () if inspection.containers.contains(&Container::Lz4) => COMPRESSED_LZ4,
        () if pickle.is_some_and(|pickle| !pickle.python2.is_empty()) && with_joblib => "joblib-latin1",
        () if pickle.is_some_and(|pickle| !pickle.python2.is_empty()) => "pickle-latin1",
        () if is_of("dill") && !is_compressed && inspection.kind == ArtifactKind::Pickle => "dill",
        () if pickle.is_some_and(|pickle| pickle.consecutive > 1)
            && inspection.kind == ArtifactKind::Pickle =>
        {
            "pickle-consecutive"
        }
        () if is_of("cloudpickle") && !is_compressed && inspection.kind == ArtifactKind::Pickle => {
            "cloudpickle"
        }
        () if with_joblib => COMPRESSED,
        () => "pickle",
    })
}

/// What an inspection says of the environment that a file needs.
fn facts(inspection: &Inspection) -> Seen {
    let mut seen = Seen { evidence: Evidence::of(inspection), ..Seen::default() };
    for (package, versions) in &inspection.versions {
        let newest = versions.iter().filter_map(|text| Some((text.parse::<Version>().ok()?, text)));
        if let Some((_, newest)) = newest.max_by(|a, b| a.0.cmp(&b.0)) {
            seen.versions.insert(package.clone(), newest.clone());
        }
        if versions.len() > 1 {
            seen.several.insert(package.clone(), versions.iter().cloned().collect());
        }
    }
    let types = inspection.skops.iter().flat_map(|skops| skops.types.keys());
    let modules = types.filter_map(|path| path.rsplit_once('.')).map(|(module, _)| module);
    for module in inspection.globals().iter().map(|global| global.module.as_str()).chain(modules) {
        let is_own = module == "sklearn" || module.starts_with("sklearn.");
        if is_own && seen.modules.len() < MOST_MODULES && !seen.modules.iter().any(|known| known == module) {
            seen.modules.push(module.to_owned());
        }
    }
    seen.named_columns =
        inspection.classes().iter().any(|class| class.attributes.contains_key("feature_names_in_"))
            || inspection.skops.as_ref().is_some_and(|skops| skops.named_columns);
    // A model that works and runs a command quietly would pass for one that only works.
    // Any bytes hold some opcodes: of what is no artifact at all that says nothing.
    if inspection.kind != ArtifactKind::Unknown && inspection.trust() == Trust::Dangerous {
        seen.runs_commands = true;
    }
    if let Some(pickle) = &inspection.pickle {
        if pickle.consecutive > 1 {
            let count = pickle.consecutive;
            seen.notes.push(format!("{count} pickles stand one after another in it: all of them are read"));
        }
        if !pickle.python2.is_empty() {
            seen.notes
                .push("it was written by Python 2: its texts are read with encoding='latin1'".to_owned());
        }
    }
    for wrapper in inspection.pickle.iter().flat_map(|pickle| &pickle.wrappers) {
        match explain::package_of(&wrapper.package) {
            Some(package) => {
                seen.imports.insert(wrapper.package.clone(), package.to_owned());
            }
            None => {
                seen.own.insert(wrapper.package.clone());
            }
        }
    }
    seen
}

fn top(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

/// What a file is that cannot be tried.
fn strange(inspection: &Inspection) -> Foreign {
    inspection.foreign.unwrap_or(match inspection.kind {
        ArtifactKind::Npz => Foreign::Arrays,
        _ => Foreign::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pickled(version: &str) -> Vec<u8> {
        // {'_sklearn_version': version} as the state of an estimator.
        let mut bytes =
            b"\x80\x04\x8c\x1esklearn.linear_model._logistic\x8c\x12LogisticRegression\x93)\x81}".to_vec();
        bytes.extend_from_slice(b"(\x8c\x10_sklearn_version\x8c");
        bytes.push(version.len() as u8);
        bytes.extend_from_slice(version.as_bytes());
        bytes.extend_from_slice(b"\x8c\x11feature_names_in_Nub.");
        bytes
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn files_tell_their_release_modules_and_columns() {
        let bytes = pickled("1.5.2");
        for (bytes, format) in [(&bytes, "pickle"), (&packed(&bytes), "joblib")] {
            let seen = look(Path::new("a.pkl"), bytes);
            assert_eq!(seen.format, Some(format));
            assert_eq!(seen.versions["scikit-learn"], "1.5.2");
            assert_eq!(seen.modules, ["sklearn.linear_model._logistic"]);
            assert!(seen.named_columns);
        }
    }

    #[test]
    fn formats_follow_content_before_extension() {
        let format = |name: &str, bytes: &[u8]| look(Path::new(name), bytes).format;
        let pickle = pickled("1.5.2");
        let packed = packed(&pickle);
        assert_eq!(format("a.pkl", &pickle), Some("pickle"));
        assert_eq!(format("a.joblib", &pickle), Some("joblib"));
        assert_eq!(format("a.skops", &pickle), Some("pickle"));
        let cloud = b"\x80\x04\x8c\x17cloudpickle.cloudpickle\x8c\x0esubimport_test\x93.";
        let seen = look(Path::new("a.joblib"), cloud);
        assert_eq!(seen.format, Some("cloudpickle"));
        assert!(seen.packages.contains("cloudpickle") && seen.imports.is_empty());
        for (bytes, kind) in [
            (&b"hello, world"[..], Foreign::Text),
            (b"", Foreign::Empty),
            (b"{\"a\": 1}", Foreign::Json),
            (
                b"\x93NUMPY\x01\0\x76\0{'descr': '<f8', 'fortran_order': False, 'shape': (0,)}\n",
                Foreign::Array,
            ),
            (b"\x89HDF\r\n\x1a\n", Foreign::Hdf5),
            (b"\0\x01\x02\x03", Foreign::Unknown),
            // What is cut off could be read as far as it goes, and judged for nothing.
            (&packed[..packed.len() / 2], Foreign::Cut),
            (&pickle[..60], Foreign::Cut),
        ] {
            let seen = look(Path::new("a.pkl"), bytes);
            assert_eq!((seen.format, seen.foreign), (None, Some(kind)));
        }
    }

    #[test]
    fn packages_are_named_as_they_are_installed() {
        let bytes = b"\x80\x04\x8c\x10imblearn.combine\x8c\x06SMOTEE\x93.";
        let seen = look(Path::new("a.pkl"), bytes);
        assert_eq!(seen.imports.get("imblearn").map(String::as_str), Some("imbalanced-learn"));
    }
}
