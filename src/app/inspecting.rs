//! Artifacts are looked at, several at a time and in order, without executing anything. What was found is handed on at
//! once: the memory that a folder takes does not hang on how many files it holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, PoisonError};

use super::error::{AppError, Doing};
use crate::inspect::{InspectOptions, digests, inspect_with_boosters, unreadable};
use crate::store;
use crate::vocab::{ArtifactKind, Foreign, Inspected, Inspection, Trust};

/// What was passed over on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Files of folders whose names say that they are none: texts, tables, code.
    pub left_out: usize,
}

/// Looks at files, and at those in folders, and hands each on in order. What a folder holds under the name of an
/// artifact is handed on whatever it is.
///
/// # Errors
/// When a folder cannot be read, there is no file, or `take` fails.
pub fn inspect<E: From<AppError>>(
    given: &[PathBuf],
    options: InspectOptions,
    mut take: impl FnMut(Inspected) -> Result<(), E>,
) -> Result<PassedOver, E> {
    let mut passed = PassedOver::default();
    let mut seen = 0;
    each(given, options, |artifact| {
        seen += 1;
        let (named, artifact) = artifact.map_err(E::from)?;
        let found = &artifact.inspection;
        let is_other = || !is_artifact(found) && is_named_otherwise(Path::new(&artifact.path));
        if !named && (is_plain_json(found) || is_other()) {
            passed.left_out += 1;
            return Ok(());
        }
        take(artifact)
    })?;
    if seen == 0 {
        return Err(AppError::EmptyFolder(given.first().cloned().unwrap_or_default()).into());
    }
    Ok(passed)
}

fn is_artifact(found: &Inspection) -> bool {
    // A pickle that ends in garbage has run its commands before.
    let runs = || found.globals().iter().any(|global| global.called > 0 && global.trust != Trust::Known);
    found.kind != ArtifactKind::Unknown || runs()
}

/// Endings of files that nobody takes for artifacts, and that lie beside them.
const OTHERWISE: &[&str] = &[
    "arrow",
    "bat",
    "c",
    "cfg",
    "conf",
    "cpp",
    "css",
    "csv",
    "dockerfile",
    "feather",
    "gif",
    "h",
    "html",
    "in",
    "ini",
    "ipynb",
    "jpeg",
    "jpg",
    "js",
    "jsonl",
    "lock",
    "log",
    "make",
    "md",
    "parquet",
    "pdf",
    "png",
    "py",
    "pyc",
    "r",
    "rs",
    "rst",
    "sh",
    "so",
    "sql",
    "svg",
    "toml",
    "ts",
    "tsv",
    "txt",
    "whl",
    "xls",
    "xlsx",
    "xml",
    "yaml",
    "yml",
];
/// The same for whole names.
const PLAIN_NAMES: &[&str] =
    &["dockerfile", "license", "makefile", "mlproject", "notice", "readme", "requirements"];

/// Whether the name of a file says that it is something else than an artifact.
fn is_named_otherwise(path: &Path) -> bool {
    let lower = |part: Option<&std::ffi::OsStr>| part.map(|it| it.to_string_lossy().to_ascii_lowercase());
    match lower(path.extension()) {
        Some(extension) => OTHERWISE.contains(&extension.as_str()),
        None => lower(path.file_name()).is_some_and(|name| PLAIN_NAMES.contains(&name.as_str())),
    }
}

/// Whether it is whole JSON that no library has saved a model in, as the description beside a model is. One that is empty or cut
/// is told, since libraries save their models under that name.
fn is_plain_json(found: &Inspection) -> bool {
    found.kind == ArtifactKind::Json && found.foreign == Some(Foreign::Json) && found.complete
}

/// Files that are read ahead of the one that is handed on next, for each thread.
const AHEAD: usize = 4;
/// From this size on, the digest of a file is work of its own, which another core does meanwhile.
const LARGE: u64 = 4 << 20;

/// A file that was named, or found in a folder that was.
type Found = Result<(bool, Inspected), AppError>;

/// The files that are still to be read.
struct Queue {
    paths: Paths,
    issued: usize,
    taken: usize,
    is_over: bool,
}

/// Reads all files, several at a time, and hands each on in order.
fn each<E>(
    given: &[PathBuf],
    options: InspectOptions,
    mut take: impl FnMut(Found) -> Result<(), E>,
) -> Result<(), E> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let queue = Mutex::new(Queue { paths: Paths::of(given), issued: 0, taken: 0, is_over: false });
    let has_room = Condvar::new();
    let (send, receive) = mpsc::channel::<(usize, Found)>();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let send = send.clone();
            let (queue, has_room) = (&queue, &has_room);
            scope.spawn(move || {
                while let Some((index, path)) = next(queue, has_room, AHEAD * threads) {
                    let found = path.map(|(path, named)| {
                        let inspection = look(&path, options);
                        (named, Inspected { path: path.to_string_lossy().into_owned(), inspection })
                    });
                    if send.send((index, found)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut ended = Ok(());
        let mut waiting: BTreeMap<usize, Found> = BTreeMap::new();
        let mut due = 0;
        for (index, found) in &receive {
            waiting.insert(index, found);
            while let Some(found) = waiting.remove(&due) {
                due += 1;
                if ended.is_ok() {
                    ended = take(found);
                }
            }
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.taken = due;
            queue.is_over = ended.is_err();
            has_room.notify_all();
        }
        ended
    })
}

/// The next file, once there is room for what comes of it.
fn next(queue: &Mutex<Queue>, has_room: &Condvar, ahead: usize) -> Option<(usize, Listed)> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    while !queue.is_over && queue.issued >= queue.taken + ahead {
        queue = has_room.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
    if queue.is_over {
        return None;
    }
    let path = queue.paths.next()?;
    queue.issued += 1;
    Some((queue.issued - 1, path))
}

/// Reads one file. The facts and the digest of a large one are read at the same time.
pub(super) fn look(path: &Path, options: InspectOptions) -> Inspection {
    let facts = |options| match store::open_input(path) {
        Ok(file) => inspect_with_boosters(file, options),
        Err(error) => unreadable(&error),
    };
    let is_large = std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() >= LARGE);
    if !is_large || !(options.digest || options.sha256) {
        return facts(options);
    }
    std::thread::scope(|scope| {
        let digests = scope.spawn(|| store::open_input(path).and_then(|file| digests(file, options.sha256)));
        let mut inspection = facts(InspectOptions::FACTS);
        inspection.digested(digests.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        inspection
    })
}

/// A path, and whether it was named itself.
type Listed = Result<(PathBuf, bool), AppError>;

/// The files of folders, in the order of their names, without hidden ones and links. Only the folders on the way to the
/// next file are held.
struct Paths {
    /// What is left of each folder, the innermost last.
    left: Vec<std::vec::IntoIter<(PathBuf, bool)>>,
}

impl Paths {
    fn of(given: &[PathBuf]) -> Self {
        let given: Vec<_> = given.iter().map(|path| (path.clone(), true)).collect();
        Self { left: vec![given.into_iter()] }
    }
}

impl Iterator for Paths {
    type Item = Listed;

    fn next(&mut self) -> Option<Listed> {
        loop {
            let Some((path, named)) = self.left.last_mut()?.next() else {
                self.left.pop();
                continue;
            };
            if !path.is_dir() {
                return Some(Ok((path, named)));
            }
            match entries(&path) {
                Ok(entries) => self.left.push(entries.into_iter()),
                Err(source) => {
                    return Some(Err(AppError::Machine { doing: Doing::Folder(path), source }));
                }
            }
        }
    }
}

fn entries(folder: &Path) -> std::io::Result<Vec<(PathBuf, bool)>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && (kind.is_dir() || kind.is_file()) {
            found.push((entry.path(), false));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(given: &[PathBuf]) -> (Vec<String>, Result<PassedOver, AppError>) {
        let mut names = Vec::new();
        let passed = inspect(given, InspectOptions::FACTS, |artifact| {
            names.push(artifact.path.rsplit('/').next().unwrap_or_default().to_owned());
            Ok::<_, AppError>(())
        });
        (names, passed)
    }

    #[test]
    fn folders_are_read_in_order_and_nothing_with_the_name_of_an_artifact_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for index in 0..300 {
            let path = folder.path().join(format!("{}/m{index:03}.pkl", index % 7));
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, b"\x80\x02N.").unwrap();
        }
        for (name, bytes) in [
            ("8/empty.pkl", &b""[..]),
            ("8/README.md", b"words"),
            ("8/model", b"not found"),
            ("8/empty.json", b""),
            ("8/m_metadata.json", b"{\"sklearn_version\": \"1.4.2\"}"),
        ] {
            let path = folder.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, bytes).unwrap();
        }
        let (names, passed) = seen(&[folder.path().to_owned()]);
        let mut expected: Vec<_> = (0..300).map(|index| (index % 7, format!("m{index:03}.pkl"))).collect();
        expected.sort();
        let expected = expected.into_iter().map(|(_, name)| name);
        let expected: Vec<_> =
            expected.chain(["empty.json".to_owned(), "empty.pkl".to_owned(), "model".to_owned()]).collect();
        assert_eq!(names, expected);
        assert_eq!(passed.unwrap(), PassedOver { left_out: 2 });
    }

    #[test]
    fn who_takes_no_more_ends_it_and_an_empty_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(seen(&[folder.path().to_owned()]).1, Err(AppError::EmptyFolder(_))));
        for index in 0..100 {
            fs_err::write(folder.path().join(format!("{index}.pkl")), b"\x80\x02N.").unwrap();
        }
        let mut taken = 0;
        let ended = inspect(&[folder.path().to_owned()], InspectOptions::FACTS, |_| {
            taken += 1;
            if taken == 3 { Err(AppError::EmptyFolder(PathBuf::new())) } else { Ok(()) }
        });
        assert!(ended.is_err() && taken == 3);
    }
}
