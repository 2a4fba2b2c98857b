//! From a path, a folder, a glob or a registry to files, each with the name of its model.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use super::files::{Files, Kind};
use super::folder::MLMODEL;
use super::names::{model_name, plain, registry_version, uncompressed};
use crate::format;
use crate::inspect;
use crate::matrix::{ArtifactDeclaration, Refusal};
use crate::notation::{glob, without_path};
use crate::vocab::ArtifactKind;

/// Folders below one another that are walked, at most: deeper than any registry.
const DEPTH: usize = 8;
/// Extensions of saved models beside those of the table of formats.
const EXTENSIONS: &[&str] = &["pickle", "sav", "model"];
/// Extensions of archives in which one model may travel, such as `model.tar.gz`.
const ARCHIVES: &[&str] = &["tar", "tgz", "zip", "qza"];

/// Bytes of a file that tell whether it is a booster's own.
const HEAD: u64 = 4096;

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub path: PathBuf,
    /// As a person would name it.
    pub declared: String,
    /// Name of its model.
    pub name: String,
}

/// Whether a file has the name of a saved model, or the bytes of one where the name says nothing.
pub fn is_model(path: &Path, files: &dyn Files) -> bool {
    let walk = Walk { files, dangling: Vec::new(), unlisted: Vec::new(), found: Vec::new() };
    walk.is_model(path)
}

/// Every saved model below a folder, as it is found where the folder is named.
pub fn models_below(folder: &Path, files: &dyn Files) -> Vec<PathBuf> {
    let mut walk = Walk { files, dangling: Vec::new(), unlisted: Vec::new(), found: Vec::new() };
    walk.folder(folder, 0);
    walk.found
}

/// Every saved model that a glob matches, or that stands below a folder that it matches.
pub fn models_matching(pattern: &Path, files: &dyn Files) -> Vec<PathBuf> {
    let mut walk = Walk { files, dangling: Vec::new(), unlisted: Vec::new(), found: Vec::new() };
    for path in walk.matching(pattern) {
        match files.kind(&path) {
            Kind::Folder => walk.folder(&path, 0),
            Kind::File if !is_companion(&path) || walk.is_native(&path) => walk.found.push(path),
            Kind::File | Kind::Missing | Kind::Dangling => {}
        }
    }
    walk.found
}

/// The files that a declaration means, in order. What leads to none is noted.
pub(super) fn files(
    files: &dyn Files,
    declaration: &ArtifactDeclaration,
    refused: &mut Vec<Refusal>,
) -> Vec<Found> {
    let mut refuse = |message: String, help: &str| refused.push(Refusal { message, help: help.to_owned() });
    let declared = &declaration.declared_path;
    let is_glob = declared.contains(['*', '?']);
    let mut walk = Walk { files, dangling: Vec::new(), unlisted: Vec::new(), found: Vec::new() };
    if is_glob {
        for path in walk.matching(&declaration.path) {
            match files.kind(&path) {
                Kind::Folder => walk.folder(&path, 0),
                Kind::File if !is_companion(&path) || walk.is_native(&path) => walk.found.push(path),
                Kind::File | Kind::Missing => {}
                Kind::Dangling => walk.dangling.push(path),
            }
        }
    } else {
        let is_description = declaration.path.file_name().is_some_and(|name| name == MLMODEL);
        match files.kind(&declaration.path) {
            Kind::File if is_description => {
                // The description of a folder stands for the folder.
                let folder = declaration.path.parent().unwrap_or(Path::new(""));
                walk.found.push(if folder.as_os_str().is_empty() {
                    PathBuf::from(".")
                } else {
                    folder.to_owned()
                });
            }
            Kind::File => walk.found.push(declaration.path.clone()),
            Kind::Folder => walk.folder(&declaration.path, 0),
            Kind::Dangling => walk.dangling.push(declaration.path.clone()),
            Kind::Missing => {
                refuse(format!("the file or folder `{declared}` does not exist"), "check the path");
                return Vec::new();
            }
        }
    }
    let Walk { dangling, unlisted, found, .. } = walk;
    for path in &dangling {
        refuse(
            format!("`{}` is a link to a file that does not exist", shown(path, declaration)),
            "point it at a version that exists, or remove it",
        );
    }
    for (path, error) in &unlisted {
        refuse(
            format!("the folder `{}` cannot be listed: {}", shown(path, declaration), without_path(error)),
            "check its permissions",
        );
    }
    if found.is_empty() && dangling.is_empty() && unlisted.is_empty() {
        let known: Vec<String> = extensions().map(|extension| format!(".{extension}")).collect();
        let what = if is_glob { "matches no file" } else { "holds no artifact" };
        let help = format!("saved models end in {}, or are folders with an {MLMODEL} file", known.join(", "));
        refuse(format!("`{declared}` {what}"), &help);
    }
    let names = names(&found, declaration);
    found
        .into_iter()
        .zip(names)
        .map(|(path, name)| Found { declared: shown(&path, declaration), path, name })
        .collect()
}

fn extensions() -> impl Iterator<Item = &'static str> {
    let table = format::TABLE
        .iter()
        .filter_map(|row| format::handler(row.handler))
        // A format of folders has no files of its own.
        .filter(|handler| handler.reads.is_some_and(|kind| kind != ArtifactKind::Mlflow))
        .map(|handler| handler.extension);
    let mut known: Vec<&str> = Vec::new();
    for extension in table.chain(EXTENSIONS.iter().copied()) {
        if !known.contains(&extension) {
            known.push(extension);
        }
    }
    known.into_iter()
}

fn has_model_extension(path: &Path) -> bool {
    let extension = uncompressed(path).extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
    let mut known = extensions().chain(ARCHIVES.iter().copied());
    extension.is_some_and(|extension| known.any(|known| known == extension))
}

/// Whether a file belongs to an artifact instead of being one.
fn is_companion(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json" || extension == "txt" || extension == "md")
}

/// Whether a name says nothing: a booster's own file may have it, and so may anything else.
fn is_of_many_kinds(path: &Path) -> bool {
    is_companion(path) || path.extension().is_some_and(|extension| extension == "bin")
}

/// As a person would name it: what was typed, and what lies below that.
fn shown(path: &Path, declaration: &ArtifactDeclaration) -> String {
    let below = path.strip_prefix(&declaration.path).ok().filter(|below| !below.as_os_str().is_empty());
    match below {
        Some(below) => Path::new(&declaration.declared_path).join(below).display().to_string(),
        None if declaration.declared_path.contains(['*', '?']) => {
            // The part before the first glob is written as it was typed; the rest is what matched.
            let fixed = fixed_part(&declaration.path);
            let typed = fixed_part(Path::new(&declaration.declared_path));
            path.strip_prefix(&fixed)
                .map_or_else(|_| path.to_owned(), |rest| typed.join(rest))
                .display()
                .to_string()
        }
        None => declaration.declared_path.clone(),
    }
}

fn fixed_part(path: &Path) -> PathBuf {
    path.components().take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?'])).collect()
}

struct Walk<'a> {
    files: &'a dyn Files,
    dangling: Vec<PathBuf>,
    unlisted: Vec<(PathBuf, std::io::Error)>,
    found: Vec<PathBuf>,
}

impl Walk<'_> {
    /// Everything that a glob matches, component by component.
    fn matching(&mut self, pattern: &Path) -> Vec<PathBuf> {
        let mut paths = vec![PathBuf::new()];
        for component in pattern.components() {
            let text = component.as_os_str().to_string_lossy().into_owned();
            if !matches!(component, Component::Normal(_)) || !text.contains(['*', '?']) {
                paths.iter_mut().for_each(|path| path.push(component));
                continue;
            }
            let mut next = Vec::new();
            for path in paths {
                let folder = if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.clone() };
                for entry in self.files.list(&folder).unwrap_or_default() {
                    let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    if glob::matches(&text, &name) && (text.starts_with('.') || !name.starts_with('.')) {
                        next.push(path.join(name));
                    }
                }
            }
            paths = next;
        }
        paths
    }

    /// Whether a file is a booster's own, by its first bytes.
    fn is_native(&self, path: &Path) -> bool {
        let mut head = Vec::new();
        let read = self.files.open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        read.is_ok() && inspect::is_native(&head)
    }

    fn is_model(&self, path: &Path) -> bool {
        // Most files of such a name stand beside a model.
        has_model_extension(path) && (!is_of_many_kinds(path) || self.is_native(path))
    }

    /// Every artifact below a folder: real folders before links, so that a version is known by its own name and not
    /// as `latest`.
    fn folder(&mut self, folder: &Path, depth: usize) {
        if depth > DEPTH {
            return;
        }
        if self.files.kind(&folder.join(MLMODEL)) == Kind::File {
            return self.found.push(folder.to_owned());
        }
        let entries = match self.files.list(folder) {
            Ok(entries) => entries,
            Err(error) => return self.unlisted.push((folder.to_owned(), error)),
        };
        let mut folders = Vec::new();
        for entry in entries {
            if entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            match self.files.kind(&entry) {
                Kind::File if self.is_model(&entry) => self.found.push(entry),
                Kind::File | Kind::Missing => {}
                Kind::Folder => folders.push(entry),
                Kind::Dangling => self.dangling.push(entry),
            }
        }
        let is_link = |path: &Path| {
            let parent = path.parent().map(|parent| self.files.canonical(parent)).unwrap_or_default();
            self.files.canonical(path) != parent.join(path.file_name().unwrap_or_default())
        };
        let (links, real): (Vec<PathBuf>, Vec<PathBuf>) = folders.into_iter().partition(|path| is_link(path));
        // A link to a folder that it stands in would be gone through again and again.
        let here = self.files.canonical(folder);
        let leads_back = |link: &PathBuf| here.starts_with(self.files.canonical(link));
        let links: Vec<PathBuf> = links.into_iter().filter(|link| !leads_back(link)).collect();
        for folder in real.into_iter().chain(links) {
            self.folder(&folder, depth + 1);
        }
    }
}

/// A name for each file: its own where nobody else has it, else with its folders before it.
fn names(found: &[PathBuf], declaration: &ArtifactDeclaration) -> Vec<String> {
    if let (Some(name), [_]) = (&declaration.name, found) {
        return vec![name.clone()];
    }
    let stem = |path: &Path| model_name(path);
    let root = fixed_part(&declaration.path);
    found
        .iter()
        .map(|path| {
            let own = stem(path);
            let in_registry = registry_version(path, &own);
            let shared = found.iter().filter(|other| stem(other) == own).count() > 1;
            match in_registry {
                Some(version) => plain(&format!("{own}-{version}")),
                None if shared => {
                    let folders = path.parent().and_then(|parent| parent.strip_prefix(&root).ok());
                    let mut parts: Vec<String> = folders
                        .into_iter()
                        .flat_map(|folders| folders.components())
                        .map(|part| part.as_os_str().to_string_lossy().into_owned())
                        .collect();
                    parts.push(own);
                    plain(&parts.join("-"))
                }
                None => plain(&own),
            }
        })
        .collect()
}
