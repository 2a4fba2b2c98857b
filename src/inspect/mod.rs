//! Layer 1: reads artifacts without executing anything: which format, written by which versions, what loading would
//! import and call.
//!
//! A file is read from its beginning to its end, and what says nothing, the bytes of arrays, is jumped over where nothing
//! is compressed; memory is bounded whatever it claims (a few MiB, and for xz and lzma the dictionary that they ask
//! for). Every length is checked against what is there. What cannot be read is a `Problem` with its place, and the facts
//! before it are kept. The digest needs all bytes and takes a pass of its own, which `digests` does beside or without it.
//!
//! Architecture Invariant: nothing of an artifact is executed, and no process is started.

mod archive;
mod attributes;
mod boosters;
mod contained;
mod container;
mod contents;
mod digest;
mod dtype;
mod facts;
mod foreign;
mod frames;
mod imports;
mod input;
mod items;
mod json;
mod literals;
mod machine;
mod members;
mod memo;
mod native;
mod npy;
mod objects;
mod onnx;
mod replaced;
mod roles;
mod shadow;
mod source;
mod stack;
mod standard;
mod state;
mod tarball;
mod text;
mod trust;
mod value;
mod wrappers;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

pub use boosters::{boosters, has_boosters, inspect_with_boosters, lightgbm_of_text};
pub use contained::contained;
pub use digest::{Digests, digests};
pub use native::{is_native, library_of};
pub use replaced::replaced;

use facts::{Collector, Versions};
use input::{Input, Stop, stop};
use machine::Machine;
use members::Files;
use source::{Sequential, Source};

use crate::notation::without_path;
use crate::vocab::{
    ArrayFact, ArtifactKind, Container, Foreign, Inspection, Member, OnnxFacts, Problem, ProblemKind,
    SkopsFacts,
};

/// What to find out beyond the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectOptions {
    /// Also digest, for which every byte has to be read.
    pub digest: bool,
    /// With SHA-256 too, which metadata of others names.
    pub sha256: bool,
}

impl InspectOptions {
    /// Only the facts: as fast as it gets.
    pub const FACTS: Self = Self { digest: false, sha256: false };
}

impl Default for InspectOptions {
    fn default() -> Self {
        Self { digest: true, sha256: false }
    }
}

/// Reads one artifact. This never fails: what cannot be read is among the problems.
pub fn inspect<R: Read + Seek>(file: R, options: InspectOptions) -> Inspection {
    let mut source = match Source::new(file) {
        Ok(source) => source,
        Err(error) => return unreadable(&error),
    };
    let mut found = Found::new();
    found.facts.allow_opcodes(source.size());
    content(&source, &mut found);
    let mut inspection = found.inspection(source.size());
    if options.digest || options.sha256 {
        let digests = source.rewind().and_then(|()| digests(source, options.sha256));
        inspection.digested(digests);
    }
    inspection
}

/// The result for an artifact that cannot be opened.
pub fn unreadable(error: &std::io::Error) -> Inspection {
    let mut found = Found::new();
    found.stopped(stop(ProblemKind::Unreadable, 0, format!("cannot be read: {}", without_path(error))));
    found.inspection(0)
}

/// What is found while an artifact is read.
struct Found {
    kind: ArtifactKind,
    containers: Vec<Container>,
    decoded: u64,
    incomplete: bool,
    facts: Collector,
    skops: Option<SkopsFacts>,
    onnx: Option<OnnxFacts>,
    arrays: Vec<ArrayFact>,
    versions: Versions,
    problems: Vec<Problem>,
    foreign: Option<Foreign>,
    members: Vec<Member>,
    /// What a file of an archive is, where it is a model that nothing here tries.
    booster: Option<Foreign>,
}

/// Containers of one file that are undone one after another.
const MOST_CONTAINERS: usize = 6;
/// Arrays of archives that are told one by one.
const MOST_ARRAYS: usize = 1024;

impl Found {
    fn new() -> Self {
        Self {
            kind: ArtifactKind::Unknown,
            containers: Vec::new(),
            decoded: 0,
            incomplete: false,
            facts: Collector::new(),
            skops: None,
            onnx: None,
            arrays: Vec::new(),
            versions: Versions::new(),
            problems: Vec::new(),
            foreign: None,
            members: Vec::new(),
            booster: None,
        }
    }

    /// Reading stopped before the end.
    #[expect(clippy::boxed_local, reason = "every reader returns it boxed, so that results stay small")]
    fn stopped(&mut self, stopped: Stop) {
        self.incomplete = true;
        if self.problems.len() < facts::MOST_PROBLEMS {
            self.problems.push(*stopped);
        }
    }

    fn merge(&mut self, versions: Versions) {
        for (package, mut more) in versions {
            self.versions.entry(package).or_default().append(&mut more);
        }
    }

    /// One file of an archive; whether it is a pickle.
    fn member(&mut self, name: &str, input: &mut Input<'_>) -> bool {
        let head = input.peek(8).map(<[u8]>::to_vec).unwrap_or_default();
        let is_named = [".pkl", ".pickle", ".joblib", ".sav"].iter().any(|end| name.ends_with(end));
        let kind = match head.as_slice() {
            [0x80, 0..=5, ..] => self.pickled_member(input),
            [b'P', b'K', 3, 4, ..] => ArtifactKind::Skops,
            // What macOS puts beside each file of an archive, under the file's own ending; no pickle begins like it.
            [0, 5, 0x16, 7, ..] => return false,
            head if onnx::recognise(head) && name.ends_with(".onnx") => ArtifactKind::Onnx,
            [] => return false,
            _ if is_named => self.pickled_member(input),
            _ => {
                let head = input.peek(foreign::HEAD).unwrap_or_default();
                let own = foreign::recognise(head, false).filter(|own| foreign::BOOSTERS.contains(own));
                self.booster = self.booster.or(own);
                return false;
            }
        };
        let is_pickle = matches!(kind, ArtifactKind::Pickle | ArtifactKind::Joblib);
        let has_objects = !is_pickle || self.facts.take_objects();
        if kind != ArtifactKind::Unknown && self.members.len() < foreign::MOST_MEMBERS {
            self.members.push(Member { name: name.to_owned(), kind, has_objects });
        }
        is_pickle
    }

    fn pickled_member(&mut self, input: &mut Input<'_>) -> ArtifactKind {
        let whole = std::mem::take(&mut self.kind);
        self.facts.take_objects();
        pickles(input, self);
        std::mem::replace(&mut self.kind, whole)
    }

    /// One array of numpy, with the pickle in it where its elements are objects.
    fn array(&mut self, input: &mut Input<'_>) {
        match npy::header(input) {
            Ok(header) => {
                let bytes = header.fact.bytes;
                if self.arrays.len() < MOST_ARRAYS {
                    self.arrays.push(header.fact);
                }
                if header.has_object {
                    pickles(input, self);
                } else if let Err(stopped) = input.skip(bytes, "inside an array") {
                    self.stopped(stopped);
                }
            }
            Err(stopped) => self.stopped(stopped),
        }
    }

    fn inspection(mut self, size: u64) -> Inspection {
        let is_cut = self.problems.iter().any(|problem| problem.kind == ProblemKind::Truncated);
        if self.foreign.is_none() && is_cut && size > 0 {
            self.foreign = Some(Foreign::Cut);
        }
        let (pickle, arrays, versions) = self.facts.finish();
        self.facts = Collector::new();
        self.merge(versions);
        self.arrays.extend(arrays);
        Inspection {
            size,
            digest: None,
            sha256: None,
            kind: self.kind,
            containers: self.containers,
            decoded_size: self.decoded,
            complete: !self.incomplete,
            pickle: (pickle.pickles > 0).then_some(pickle),
            skops: self.skops,
            onnx: self.onnx,
            boosters: Vec::new(),
            arrays: self.arrays,
            versions: self.versions,
            foreign: self.foreign,
            members: self.members,
            problems: self.problems,
        }
    }
}

fn content<R: Read + Seek>(source: &Source<R>, found: &mut Found) {
    let mut input = Input::new(Box::new(source.clone()));
    let head = match input.peek(container::HEAD) {
        Ok(head) => head.to_vec(),
        Err(stopped) => return found.stopped(stopped),
    };
    match container::recognise(&head) {
        Some(Container::Zip) => {
            found.containers.push(Container::Zip);
            archive::read(source, found);
        }
        Some(container) => {
            found.containers.push(container);
            drop(input);
            match container::unwrap(container, source) {
                Ok(decoded) => decompressed(decoded, found),
                Err(error) => found.stopped(not_decompressed(&error)),
            }
        }
        None if tarball::recognise(&head) => tar(&mut input, found),
        None => stream(&mut input, found),
    }
}

fn not_decompressed(error: &std::io::Error) -> Stop {
    stop(ProblemKind::Malformed, 0, format!("the compressed stream cannot be read: {error}"))
}

/// Reads what was compressed, which may be compressed once more or an archive.
fn decompressed(decoded: Box<dyn Read + '_>, found: &mut Found) {
    let mut input = Input::new(Box::new(Sequential(decoded)));
    let head = match input.peek(container::HEAD) {
        Ok(head) => head.to_vec(),
        Err(stopped) => return found.stopped(stopped),
    };
    match container::recognise(&head) {
        _ if tarball::recognise(&head) => tar(&mut input, found),
        Some(Container::Zip) => walk(found, |files| files.stream("", &mut input, 0), ArtifactKind::Zip),
        Some(container) if found.containers.len() < MOST_CONTAINERS => {
            found.containers.push(container);
            match container::unwrap_inner(container, &mut input) {
                Ok(decoded) => decompressed(decoded, found),
                Err(error) => found.stopped(not_decompressed(&error)),
            }
        }
        Some(_) | None => stream(&mut input, found),
    }
}

/// Reads a tar archive.
fn tar(input: &mut Input<'_>, found: &mut Found) {
    walk(found, |files| files.tar("", input, 0), ArtifactKind::Tar);
    found.decoded = input.offset();
}

/// Reads the files of an archive.
fn walk(found: &mut Found, read: impl FnOnce(&mut Files<'_>) -> std::io::Result<()>, kind: ArtifactKind) {
    let mut names = Vec::new();
    let mut visit = |name: &str, input: &mut Input<'_>| {
        if names.len() < foreign::MOST_MEMBERS {
            names.push(name.to_owned());
        }
        found.member(name, input);
        input.drain().map(|_| ()).map_err(members::failed)
    };
    let ended = read(&mut Files::new(&mut visit));
    found.containers.push(if kind == ArtifactKind::Tar { Container::Tar } else { Container::Zip });
    found.kind = kind;
    if let Err(error) = ended {
        let kind = match error.kind() {
            std::io::ErrorKind::UnexpectedEof => ProblemKind::Truncated,
            _ => ProblemKind::Malformed,
        };
        found.stopped(stop(kind, 0, format!("the archive cannot be read to its end: {error}")));
    }
    found.foreign =
        foreign::kind_of_archive(&found.members, names.iter().map(std::borrow::Cow::from), found.booster);
}

/// Reads what is no container any more.
fn stream(input: &mut Input<'_>, found: &mut Found) {
    let head = match input.peek(foreign::HEAD) {
        Ok(head) => head.to_vec(),
        Err(stopped) => return found.stopped(stopped),
    };
    known(input, &head, found);
    found.decoded = input.offset();
    found.foreign = instead(&head, found);
}

/// What the bytes are instead of an artifact that can be read.
fn instead(head: &[u8], found: &Found) -> Option<Foreign> {
    let is_all = head.len() < foreign::HEAD;
    let recognised = foreign::recognise(head, is_all);
    let is_cut = found.problems.iter().any(|problem| problem.kind == ProblemKind::Truncated);
    match found.kind {
        // What is cut off is said of every kind, when all was read.
        ArtifactKind::Pickle | ArtifactKind::Joblib => match () {
            () if recognised == Some(Foreign::Torch) => recognised,
            () if found.incomplete && foreign::has_windows_line_ends(head) => Some(Foreign::CrLf),
            () if head.starts_with(b"c") && foreign::has_windows_line_ends(head) => Some(Foreign::CrLf),
            () => None,
        },
        ArtifactKind::Npy => Some(Foreign::Array),
        ArtifactKind::Json => recognised.or(Some(Foreign::Json)),
        ArtifactKind::Mlflow => Some(Foreign::MlflowDescription),
        ArtifactKind::Unknown if is_cut && recognised.is_none() => None,
        ArtifactKind::Unknown => recognised.or(Some(Foreign::Unknown)),
        ArtifactKind::Onnx
        | ArtifactKind::Xgboost
        | ArtifactKind::Lightgbm
        | ArtifactKind::Catboost
        | ArtifactKind::Skops
        | ArtifactKind::Npz
        | ArtifactKind::Zip
        | ArtifactKind::Tar => None,
    }
}

/// Reads what the first bytes say that it is.
fn known(input: &mut Input<'_>, head: &[u8], found: &mut Found) {
    let short = &head[..head.len().min(256)];
    let text = short.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace());
    if head.starts_with(npy::MAGIC) {
        found.kind = ArtifactKind::Npy;
        found.array(input);
    } else if onnx::recognise(head) {
        found.kind = ArtifactKind::Onnx;
        model_of_onnx(input, found);
    } else if text && head.trim_ascii_start().starts_with(b"{") {
        document(input, found);
        found.kind = native::kind_of(head).unwrap_or(found.kind);
    } else if let Some(kind) = native::kind_of(head) {
        booster(input, head, found, kind);
    } else if text && text::looks_like_mlmodel(head) {
        if let Some(versions) = text::mlmodel(&mut *input) {
            found.kind = ArtifactKind::Mlflow;
            found.merge(versions);
        }
    } else {
        pickles(input, found);
    }
}

/// A booster's own format. The first letters of CatBoost's begin a pickle too, so that one may follow: then it is that.
fn booster(input: &mut Input<'_>, head: &[u8], found: &mut Found, kind: ArtifactKind) {
    if kind == ArtifactKind::Catboost {
        pickles(input, found);
        if found.kind != ArtifactKind::Unknown || found.facts.imports_anything() {
            return;
        }
        // What a reader of pickles made of these bytes says nothing of them.
        found.facts = Collector::new();
        found.problems.clear();
        found.incomplete = false;
    }
    found.kind = kind;
    if let Err(stopped) = native::read(input, head, kind) {
        found.stopped(stopped);
    }
}

fn model_of_onnx(input: &mut Input<'_>, found: &mut Found) {
    let mut facts = OnnxFacts::default();
    if let Err(stopped) = onnx::read(input, &mut facts) {
        found.stopped(stopped);
    }
    let version = facts.producer.clone().zip(facts.producer_version.clone());
    let version = version.filter(|(name, version)| !name.is_empty() && !version.is_empty());
    found.merge(version.into_iter().map(|(name, version)| (name, [version].into())).collect());
    found.onnx = Some(facts);
}

fn document(input: &mut Input<'_>, found: &mut Found) {
    let mut walk = text::Walk::default();
    found.kind = ArtifactKind::Json;
    if let Err(error) = walk.document(&mut *input) {
        let kind = if error.is_eof() { ProblemKind::Truncated } else { ProblemKind::Malformed };
        found.stopped(stop(kind, input.offset(), format!("it is not JSON: {error}")));
    }
    walk.finish();
    found.merge(walk.versions);
    if !walk.skops.types.is_empty() {
        found.skops = Some(walk.skops);
    }
}

/// Reads a pickle and whatever follows it.
fn pickles(input: &mut Input<'_>, found: &mut Found) {
    let facts = &mut found.facts;
    let outermost = facts.pickle.pickles == 0;
    let first = Machine::new(input, facts, true).read();
    if outermost {
        facts.pickle.protocol = first.protocol;
    }
    let is_pickle = first.declared || first.stopped.is_none() || facts.disputes > 0;
    found.incomplete |= facts.disputes > 0;
    match first.stopped {
        Some(stopped) => {
            found.incomplete = true;
            facts.problem(*stopped);
        }
        None if outermost => {
            facts.pickle.consecutive = 1;
            facts.pickle.consecutive += trailing(input, facts, &mut found.incomplete);
        }
        None => {
            trailing(input, facts, &mut found.incomplete);
        }
    }
    found.facts.ended(input.offset());
    found.problems.append(&mut found.facts.problems);
    if found.kind == ArtifactKind::Unknown {
        found.kind = match (&found.facts.pickle.joblib, is_pickle) {
            (Some(_), _) => ArtifactKind::Joblib,
            (None, true) => ArtifactKind::Pickle,
            (None, false) => ArtifactKind::Unknown,
        };
    }
}

/// What stands behind the end of a pickle: further pickles are read too, because some programs read them. Gives how
/// many there are that declare themselves as such.
fn trailing(input: &mut Input<'_>, facts: &mut Collector, incomplete: &mut bool) -> u64 {
    let start = input.offset();
    let (mut told, mut count) = (false, 0);
    loop {
        let offset = input.offset();
        let another = match input.peek(2) {
            Ok([]) => return count,
            Ok([0x80, 0..=5]) => Ok(true),
            Ok(_) => Machine::new(input, facts, true).does_anything(),
            Err(stopped) => Err(stopped),
        };
        let tell = |facts: &mut Collector, what: String| {
            facts.problem(Problem { kind: ProblemKind::Trailing, offset, what });
        };
        let read = another.and_then(|another| {
            if !another {
                let count = input.drain()?;
                tell(facts, format!("{count} bytes follow the end of the pickle"));
                return Ok(false);
            }
            if !std::mem::replace(&mut told, true) {
                let what =
                    format!("another pickle follows the end at {start}; pickle.load reads only the first");
                tell(facts, what);
            }
            Machine::new(input, facts, true).read().stopped.map_or(Ok(true), Err)
        });
        *incomplete |= facts.disputes > 0;
        match read {
            Ok(true) => count += 1,
            Ok(false) => return count,
            Err(stopped) => {
                *incomplete = true;
                facts.problem(*stopped);
                return count;
            }
        }
    }
}
