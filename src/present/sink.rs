//! The one module of this layer that writes files: reports, each whole or not at all, and the event log,
//! line by line.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs_err::{self as fs, File};

use super::Renderer;
use super::error::RenderError;
use super::view::View;
use crate::store;
use crate::vocab::{Digest, Event};

/// A file could not be written: exit code 110.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The file system refused.
    #[error(
        "cannot write `{}`: free some space, or check that its folder is writable and that the path is not a folder",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The bytes could not be made.
    #[error("cannot make `{}`: this is a defect of shelflife, please report it", path.display())]
    Render {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RenderError,
    },
}

fn refused(path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    let path = path.to_owned();
    move |source| SinkError::Write { source: store::with_room(&path, source), path }
}

/// Writes the files of the given renderers and `locks/<environment>.json` into the folder of a run, which
/// is made where it does not exist. Returns the paths of the reports, in the order of `renderers`, followed
/// by those of the locks.
///
/// Everything is written before anything gets its name, and each file is replaced as a whole: a reader sees
/// the old one or the new one.
pub fn write_reports(
    folder: &Path,
    view: &View<'_>,
    renderers: &[Renderer],
) -> Result<Vec<PathBuf>, SinkError> {
    // Renderers read one view and know nothing of one another, so each gets a thread.
    let drafts: Result<Vec<_>, SinkError> = std::thread::scope(|scope| {
        let draft = |renderer: &Renderer| Draft::of(folder.join(renderer.file), *renderer, view);
        let threads: Vec<_> = renderers.iter().map(|renderer| scope.spawn(move || draft(renderer))).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|draft| draft.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let drafts = drafts?;
    let mut files = Vec::new();
    let mut taken = BTreeSet::new();
    for environment in &view.record.environments {
        if let Some(lock) = &environment.full_lock {
            let path = folder.join("locks").join(lock_file(environment.name.as_str(), &mut taken));
            match serde_json::to_vec_pretty(lock) {
                Ok(mut bytes) => {
                    bytes.push(b'\n');
                    files.push((path, bytes));
                }
                Err(error) => return Err(SinkError::Render { path, source: error.into() }),
            }
        }
    }
    let mut paths = Vec::with_capacity(drafts.len() + files.len());
    for draft in drafts {
        paths.push(draft.path.clone());
        draft.finish()?;
    }
    for (path, bytes) in files {
        write_file(&path, &bytes)?;
        paths.push(path);
    }
    Ok(paths)
}

/// A report that has no name yet.
struct Draft {
    path: PathBuf,
    body: DraftBody,
}

enum DraftBody {
    /// It takes the place of a regular file, or is a new one.
    File(PathBuf, store::FreshFile),
    /// It goes through what has the name.
    Bytes(Vec<u8>),
}

impl Draft {
    fn of(path: PathBuf, renderer: Renderer, view: &View<'_>) -> Result<Self, SinkError> {
        let failed = |source| match source {
            RenderError::Write(source) => refused(&path)(source),
            source => SinkError::Render { path: path.clone(), source },
        };
        let body = match Place::of(&path) {
            Place::File(end) => {
                let file = fresh(&end).map_err(refused(&path))?;
                let mut out = io::BufWriter::with_capacity(1 << 18, file);
                (renderer.write)(view, &mut out).map_err(failed)?;
                let file = out.into_inner().map_err(|error| refused(&path)(error.into_error()))?;
                DraftBody::File(end, file)
            }
            Place::Output | Place::Errors | Place::Through => {
                DraftBody::Bytes(renderer.render(view).map_err(failed)?)
            }
        };
        Ok(Self { path, body })
    }

    fn finish(self) -> Result<(), SinkError> {
        match self.body {
            DraftBody::File(end, file) => file.persist(&end).map_err(refused(&self.path)),
            DraftBody::Bytes(bytes) => write_file(&self.path, &bytes),
        }
    }
}

/// A file that is going to stand at a place, in a folder that is made where it does not exist. Reports are for others too:
/// what the umask leaves.
fn fresh(path: &Path) -> io::Result<store::FreshFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    store::FreshFile::in_folder(folder, 0o666)
}

/// The file name for an environment's lock. Names that are no plain file names, or that another
/// environment took already, get a digest.
fn lock_file(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+') { c } else { '_' })
        .collect();
    let is_same = plain == name && !plain.starts_with('.') && plain.len() <= 100 && !plain.is_empty();
    // Some file systems do not tell upper from lower case.
    if is_same && taken.insert(plain.to_lowercase()) {
        return format!("{plain}.json");
    }
    let start: String = plain.trim_start_matches('.').chars().take(60).collect();
    format!("{start}-{}.json", Digest::of(name.as_bytes()).short())
}

/// Writes one file. A regular one is written atomically: into a temporary file beside it, which then takes its place; the
/// folder is made where it does not exist. Whatever else has the name already (a device, a pipe, a link, what a process
/// substitution of a shell gives) is written *through*: it stays what it is.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), SinkError> {
    tracing::debug!(path = %path.display(), bytes = bytes.len(), "a file is written");
    match Place::of(path) {
        Place::File(path) => replace_file(&path, bytes),
        Place::Output => io::stdout().lock().write_all(bytes).and_then(|()| io::stdout().flush()),
        Place::Errors => io::stderr().lock().write_all(bytes),
        Place::Through => write_through(path, bytes),
    }
    .map_err(refused(path))
}

/// Writes a file under a name that is still free, whole or not at all; its folder is made where it does not exist.
///
/// # Errors
/// Also where the name is taken, with the kind [`io::ErrorKind::AlreadyExists`].
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), SinkError> {
    let made = match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder),
        None => Ok(()),
    };
    made.and_then(|()| store::write_new(path, bytes, 0o666)).map_err(refused(path))
}

/// Writes a folder of files under a name that is still free: it is put together beside it, and gets its name when it is whole.
///
/// # Errors
/// Also where the name is taken, with the kind [`io::ErrorKind::AlreadyExists`].
pub fn write_new_folder<'a>(
    path: &Path,
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), SinkError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let mut written = Ok(());
    for (file, bytes) in files {
        written = written.and_then(|()| write_new(&part.join(file), bytes));
    }
    let named = written.and_then(|()| match path.exists() {
        true => Err(refused(path)(io::ErrorKind::AlreadyExists.into())),
        false => fs::rename(&part, path).map_err(refused(path)),
    });
    if named.is_err() {
        // What cannot be removed either has a name that says what it is.
        let _ = fs::remove_dir_all(&part);
    }
    named
}

/// Where the bytes of a file go.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// To a regular file, there already or not; where a link leads to it, the end of the links.
    File(PathBuf),
    /// To standard output. Opened by its name, a file behind it would be written from its beginning.
    Output,
    /// To standard error.
    Errors,
    /// To whatever has the name.
    Through,
}

impl Place {
    fn of(path: &Path) -> Self {
        let is_any = |names: [&str; 3]| names.into_iter().any(|name| path == Path::new(name));
        if is_any(["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]) {
            return Self::Output;
        }
        if is_any(["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"]) {
            return Self::Errors;
        }
        let is_link = fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink());
        match fs::metadata(path) {
            // Somebody has the file of a descriptor open, and would go on writing to one that has no name any more.
            Ok(_) if path.starts_with("/dev/fd") || path.starts_with("/proc") => Self::Through,
            Ok(facts) if facts.is_file() && is_link => {
                fs::canonicalize(path).map_or(Self::Through, Self::File)
            }
            Ok(facts) if facts.is_file() => Self::File(path.to_owned()),
            Ok(_) => Self::Through,
            Err(_) if is_link => Self::Through,
            Err(_) => Self::File(path.to_owned()),
        }
    }
}

fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    // Reports are for others too: what the umask leaves.
    store::write_atomic_for(path, bytes, 0o666)
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link that leads nowhere yet leads to the file that is made now. Systems refuse to make others' pipes.
    let is_new = fs::metadata(path).is_err();
    let mut file = fs::OpenOptions::new().append(true).create(is_new).open(path)?;
    if file.metadata()?.is_file() && !path.starts_with("/dev/fd") && !path.starts_with("/proc") {
        file.set_len(0)?;
    }
    file.write_all(bytes)
}

/// Appends to a file that others append to as well, such as the step summary of a workflow.
pub fn append_file(path: &Path, bytes: &[u8]) -> Result<(), SinkError> {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).map_err(refused(path))?;
    file.write_all(bytes).map_err(refused(path))
}

/// Moves the folder of a run to a free name beside it, made from `mark` (its start time), so that a new run of the same
/// name overwrites nothing. Returns the new place.
pub fn set_aside(folder: &Path, mark: &str) -> Result<PathBuf, SinkError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // `2026-11-21T01:02:03.456Z` becomes `20261121T010203`.
    let mark: String =
        mark.split('.').next().unwrap_or(mark).chars().filter(char::is_ascii_alphanumeric).collect();
    let mut target = folder.with_file_name(format!("{name}.{mark}"));
    let mut number = 2;
    while target.exists() {
        target = folder.with_file_name(format!("{name}.{mark}-{number}"));
        number += 1;
    }
    fs::rename(folder, &target).map_err(refused(&target))?;
    Ok(target)
}

/// Removes what [`set_aside`] kept of a run, but for the newest `keep`. Returns how many went. A folder without a record
/// is none of them, whatever its name.
pub fn forget_aside(folder: &Path, keep: usize) -> usize {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_mark = |mark: &str| {
        let stamp = mark.split('-').next().unwrap_or(mark);
        let digits =
            |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        stamp.split_once('T').is_some_and(|(day, time)| digits(day, 8) && digits(time, 6))
    };
    let Some(parent) = folder.parent() else { return 0 };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let Ok(entries) = fs::read_dir(parent) else { return 0 };
    let mut aside: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            own.strip_prefix(&name).and_then(|rest| rest.strip_prefix('.')).is_some_and(is_mark)
                && path.join("events.jsonl").is_file()
        })
        .collect();
    // Their names end in their times.
    aside.sort();
    let old = aside.len().saturating_sub(keep);
    // One that cannot be removed stays; it is in nobody's way.
    aside.iter().take(old).filter(|path| fs::remove_dir_all(path).is_ok()).count()
}

/// `events.jsonl`: the recorded truth of a run, which only grows.
///
/// A line is in the file when [`EventLog::write`] returns, so a kill at any moment loses no finished cell,
/// and at most the line that was being written is torn.
#[derive(Debug)]
pub struct EventLog {
    file: File,
    line: Vec<u8>,
    /// Bytes of whole lines in the file.
    length: u64,
}

impl EventLog {
    /// Starts a new log and makes its folder where it does not exist. A log that exists already is never
    /// overwritten: that is an error of kind [`io::ErrorKind::AlreadyExists`].
    pub fn create(path: &Path) -> Result<Self, SinkError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(refused(path))?;
        }
        let file = File::options().append(true).create_new(true).open(path).map_err(refused(path))?;
        Ok(Self { file, line: Vec::new(), length: 0 })
    }

    /// Goes on with a log: cuts off a torn last line first, if there is one.
    pub fn append_to(path: &Path) -> Result<Self, SinkError> {
        let mut file = File::options().read(true).append(true).open(path).map_err(refused(path))?;
        let length = whole_length(&mut file).map_err(refused(path))?;
        let mut log = Self { file, line: Vec::new(), length };
        log.cut().map_err(refused(path))?;
        Ok(log)
    }

    /// Appends one event as one line, in one call of the operating system.
    pub fn write(&mut self, event: &Event) -> Result<(), SinkError> {
        self.line.clear();
        if let Err(error) = serde_json::to_writer(&mut self.line, event) {
            return Err(SinkError::Render { path: self.file.path().to_owned(), source: error.into() });
        }
        self.line.push(b'\n');
        if let Err(source) = self.file.write_all(&self.line) {
            // A disk that filled up leaves half a line; the next line must not be glued to it. When even
            // cutting fails, the reader still says which line is damaged.
            let _ = self.cut();
            return Err(refused(self.file.path())(source));
        }
        self.length += self.line.len() as u64;
        Ok(())
    }

    /// Waits until the lines are on the disk: survives a power failure, not only a kill.
    pub fn sync(&self) -> Result<(), SinkError> {
        self.file.sync_data().map_err(refused(self.file.path()))
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)
    }
}

/// The number of bytes up to and with the last line break, found from the end.
fn whole_length(file: &mut File) -> io::Result<u64> {
    const STEP: u64 = 64 * 1024;
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut buffer = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        buffer.clear();
        Read::take(&mut *file, end - start).read_to_end(&mut buffer)?;
        let whole = super::events::whole_lines(&buffer) as u64;
        if whole > 0 {
            return Ok(start + whole);
        }
        end = start;
    }
    Ok(0)
}
