//! What a file is and who wrote it, as the static reader sees it. Nothing is executed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use super::admission;
use super::evidence::Evidence;
use crate::format;
use crate::inspect::{BoosterRelease, InspectOptions, booster_release, digests, inspect};
use crate::matrix::AskedPackage;
use crate::notation::Version;
use crate::vocab::{ArtifactKind, Container, Digest, Inspection};

/// Bytes at the beginning of a file that tell what it is where its format is unknown.
const HEAD: u64 = 400;
/// Modules of one file that are told.
const MOST_MODULES: usize = 64;
/// The format of what joblib or a program around pickle compressed: joblib reads all of them.
const COMPRESSED: &str = "joblib";
/// The same for lz4, which joblib reads only beside the package of that name.
const COMPRESSED_LZ4: &str = "joblib-lz4";

/// Modules of packages that write their release into the bytes of a model.
const BOOSTERS: &[&str] = &["xgboost", "lightgbm"];

/// What a static look says of an artifact.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Name of its format; `None` where it is nothing that can be tried.
    pub format: Option<&'static str>,
    /// What it looks like instead, and what to do.
    pub strange: String,
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
    fn take_booster(&mut self, release: Option<BoosterRelease>) {
        match release {
            Some(BoosterRelease::Xgboost(version)) => {
                self.versions.insert("xgboost".to_owned(), version);
                self.packages.insert("xgboost".to_owned());
            }
            // The format of 4.0 and later; that of 2.3 to 3.3.
            Some(BoosterRelease::Lightgbm(4)) => {
                self.evidence.packages.insert("lightgbm", ">=4");
            }
            Some(BoosterRelease::Lightgbm(3)) => {
                self.evidence.packages.insert("lightgbm", ">=2.3,<4");
            }
            Some(BoosterRelease::Lightgbm(_)) | None => {}
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
    /// SHA-256 of its bytes in hexadecimal, where it was asked for.
    pub sha256: Option<String>,
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
    let mut head = Vec::with_capacity(HEAD as usize);
    file.by_ref().take(HEAD).read_to_end(&mut head)?;
    file.rewind()?;
    let inspection = inspect(&mut file, InspectOptions::FACTS);
    file.rewind()?;
    let digests = digests(&mut file, sha256)?;
    let mut seen = Seen { digest: Some(digests.blake3), ..facts(&inspection) };
    match format_of(path, &inspection) {
        Some(format) => seen.take_format(format),
        None => seen.strange = strange(&head, inspection.kind),
    }
    // Where its own package is taken care of, it is none that nobody has thought of.
    let handled = seen.packages.clone();
    seen.imports.retain(|_, package| !handled.contains(package));
    if seen.imports.keys().any(|module| BOOSTERS.contains(&module.as_str())) {
        file.rewind()?;
        seen.take_booster(booster_release(&mut file, &inspection.containers));
    }
    Ok(Examined { seen, sha256: digests.sha256 })
}

/// The format of a file.
fn format_of(path: &Path, inspection: &Inspection) -> Option<&'static str> {
    let is_compressed = inspection.containers.iter().any(|container| *container != Container::Zip);
    let handler = match inspection.kind {
        ArtifactKind::Pickle | ArtifactKind::Joblib | ArtifactKind::Unknown if is_compressed => {
            let is_lz4 = inspection.containers.contains(&Container::Lz4);
            return Some(if is_lz4 { COMPRESSED_LZ4 } else { COMPRESSED });
        }
        ArtifactKind::Pickle => {
            let by_value = inspection.globals().iter().any(|global| top(&global.module) == "cloudpickle");
            let named_joblib = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("joblib"));
            match (by_value, named_joblib) {
                (true, _) => "cloudpickle",
                // joblib reads every pickle, and whoever named it so does.
                (false, true) => "joblib",
                (false, false) => "pickle",
            }
        }
        kind => format::HANDLERS.iter().find(|handler| handler.reads == Some(kind))?.name,
    };
    format::TABLE.iter().find(|row| row.handler == handler).map(|row| row.name)
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
    for wrapper in inspection.pickle.iter().flat_map(|pickle| &pickle.wrappers) {
        match admission::package_of(&wrapper.package) {
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

/// The formats of which somebody else's files can be tried.
fn tried() -> String {
    let handlers = format::HANDLERS.iter().filter(|handler| handler.reads.is_some());
    let names: Vec<&str> = handlers.map(|handler| handler.name).collect();
    names.join(", ")
}

/// What a file is that cannot be tried, and what to do about it.
fn strange(head: &[u8], kind: ArtifactKind) -> String {
    if head.is_empty() {
        return "the file is empty".to_owned();
    }
    let save = "save the fitted estimator itself, for example with joblib.dump";
    let known: &[(&[u8], &str, &str)] = &[
        (b"\x89HDF", "it is an HDF5 file, as Keras writes them", save),
        (b"PAR1", "it is a Parquet file", "if it holds rows to predict on, give it as --inputs"),
        (b"version https://git-lfs", "it is a Git LFS pointer", "fetch the file itself with `git lfs pull`"),
        (b"<!DOCTYPE", "it is a web page", "download the file itself"),
        (b"<html", "it is a web page", "download the file itself"),
        (b"\x7fELF", "it is a program or a library", save),
    ];
    if let Some((_, what, help)) = known.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return format!("{what}; {help}");
    }
    let what = match kind {
        ArtifactKind::Npy => "it is a numpy array (.npy)".to_owned(),
        ArtifactKind::Npz => "it holds numpy arrays (.npz)".to_owned(),
        ArtifactKind::Json => "it is JSON, in which some libraries save their own models".to_owned(),
        ArtifactKind::Zip => {
            return "it is a zip archive without a skops schema; unpack it and give the path of the model in it"
                .to_owned();
        }
        ArtifactKind::Mlflow => {
            return "it describes an MLflow model; give the path of the folder that contains it".to_owned();
        }
        ArtifactKind::Pickle
        | ArtifactKind::Joblib
        | ArtifactKind::Skops
        | ArtifactKind::Onnx
        | ArtifactKind::Unknown => match std::str::from_utf8(head) {
            Ok(text) if text.chars().all(|c| !c.is_control() || c.is_whitespace()) => {
                "it is plain text".to_owned()
            }
            _ => format!(
                "its first bytes match no known format ({:02x?}; tried: {})",
                &head[..head.len().min(4)],
                tried()
            ),
        },
    };
    format!("{what}; {save}")
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

    #[test]
    fn files_tell_their_release_modules_and_columns() {
        use std::io::Write as _;
        let bytes = pickled("1.5.2");
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
        encoder.write_all(&bytes).unwrap();
        let packed = encoder.finish().unwrap();
        for (bytes, format) in [(&bytes, "pickle"), (&packed, "joblib")] {
            let seen = look(Path::new("a.pkl"), bytes);
            assert_eq!(seen.format, Some(format));
            assert_eq!(seen.versions["scikit-learn"], "1.5.2");
            assert_eq!(seen.modules, ["sklearn.linear_model._logistic"]);
            assert!(seen.named_columns);
        }
        // What is cut off is read as far as it goes, and loading says what is missing.
        assert_eq!(look(Path::new("a.pkl"), &packed[..packed.len() / 2]).format, Some("joblib"));
        assert_eq!(look(Path::new("a.pkl"), &bytes[..60]).format, Some("pickle"));
    }

    #[test]
    fn formats_follow_content_before_extension() {
        let format = |name: &str, bytes: &[u8]| look(Path::new(name), bytes).format;
        let pickle = pickled("1.5.2");
        assert_eq!(format("a.pkl", &pickle), Some("pickle"));
        assert_eq!(format("a.joblib", &pickle), Some("joblib"));
        assert_eq!(format("a.skops", &pickle), Some("pickle"));
        let cloud = b"\x80\x04\x8c\x17cloudpickle.cloudpickle\x8c\x0esubimport_test\x93.";
        let seen = look(Path::new("a.joblib"), cloud);
        assert_eq!(seen.format, Some("cloudpickle"));
        assert!(seen.packages.contains("cloudpickle") && seen.imports.is_empty());
        assert_eq!(format("a.pkl", b"\x78\x9cabc"), Some("joblib"));
        for (bytes, word) in [
            (&b"hello, world"[..], "it is plain text"),
            (b"", "empty"),
            (b"{\"a\": 1}", "JSON"),
            (
                b"\x93NUMPY\x01\0\x76\0{'descr': '<f8', 'fortran_order': False, 'shape': (0,)}\n",
                "numpy array",
            ),
            (b"\x89HDF\r\n", "HDF5"),
            (b"\0\x01\x02\x03", "no known format ([00, 01, 02, 03]; tried: pickle, joblib"),
        ] {
            let seen = look(Path::new("a.pkl"), bytes);
            assert!(seen.format.is_none() && seen.strange.contains(word), "{word}: {}", seen.strange);
        }
    }

    #[test]
    fn packages_are_named_as_they_are_installed() {
        let bytes = b"\x80\x04\x8c\x10imblearn.combine\x8c\x06SMOTEE\x93.";
        let seen = look(Path::new("a.pkl"), bytes);
        assert_eq!(seen.imports.get("imblearn").map(String::as_str), Some("imbalanced-learn"));
    }
}
