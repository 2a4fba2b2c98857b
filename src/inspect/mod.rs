//! Layer 1: reads artifacts without executing anything: which format, written by which versions, what loading would
//! import and call.
//!
//! A file is read once, as a stream; memory is bounded whatever it claims (a few MiB, and for xz and lzma the
//! dictionary that they ask for). Every length is checked by reading. What cannot be read is a `Problem` with its
//! place, and the facts before it are kept.
//!
//! Architecture Invariant: nothing of an artifact is executed, and no process is started.

mod archive;
mod container;
mod dtype;
mod facts;
mod imports;
mod input;
mod literals;
mod machine;
mod npy;
mod objects;
mod onnx;
mod stack;
mod text;
mod trust;
mod value;

#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

use container::Outer;
use facts::{Facts, Versions};
use input::{Input, Stop, stop};
use machine::Machine;

use crate::vocab::{
    ArrayFact, ArtifactKind, Container, Digest, Inspection, OnnxFacts, Problem, ProblemKind, SkopsFacts,
};

/// What to find out beyond the facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InspectOptions {
    /// Also digest with SHA-256, which metadata of others names.
    pub sha256: bool,
}

/// Reads one artifact. This never fails: what cannot be read is among the problems.
pub fn inspect<R: Read + Seek>(source: R, options: InspectOptions) -> Inspection {
    let outer = Outer::new(source, options.sha256);
    let mut found = Found::new();
    content(&outer, &mut found);
    // What no reader wanted is still part of the digest.
    let mut rest = outer.clone();
    if let Err(error) = rest.drain() {
        found.stopped(stop(ProblemKind::Unreadable, outer.count(), format!("cannot be read: {error}")));
    }
    let (digest, sha256) = outer.digests();
    found.inspection(outer.count(), digest, sha256)
}

/// The result for an artifact that cannot be opened.
pub fn unreadable(error: &std::io::Error) -> Inspection {
    let mut found = Found::new();
    found.stopped(stop(ProblemKind::Unreadable, 0, format!("cannot be read: {error}")));
    found.inspection(0, Digest::of(b""), None)
}

/// What is found while an artifact is read.
struct Found {
    kind: ArtifactKind,
    containers: Vec<Container>,
    decoded: u64,
    incomplete: bool,
    facts: Facts,
    skops: Option<SkopsFacts>,
    onnx: Option<OnnxFacts>,
    arrays: Vec<ArrayFact>,
    versions: Versions,
    problems: Vec<Problem>,
}

/// Arrays of archives that are told one by one.
const MOST_ARRAYS: usize = 1024;

impl Found {
    fn new() -> Self {
        Self {
            kind: ArtifactKind::Unknown,
            containers: Vec::new(),
            decoded: 0,
            incomplete: false,
            facts: Facts::new(),
            skops: None,
            onnx: None,
            arrays: Vec::new(),
            versions: Versions::new(),
            problems: Vec::new(),
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

    fn inspection(mut self, size: u64, digest: Digest, sha256: Option<String>) -> Inspection {
        let (pickle, arrays, versions) = self.facts.finish();
        self.facts = Facts::new();
        self.merge(versions);
        self.arrays.extend(arrays);
        Inspection {
            size,
            digest,
            sha256,
            kind: self.kind,
            containers: self.containers,
            decoded_size: self.decoded,
            complete: !self.incomplete,
            pickle: (pickle.pickles > 0).then_some(pickle),
            skops: self.skops,
            onnx: self.onnx,
            arrays: self.arrays,
            versions: self.versions,
            problems: self.problems,
        }
    }
}

fn content<R: Read + Seek>(outer: &Outer<R>, found: &mut Found) {
    let mut input = Input::new(Box::new(outer.clone()));
    let head = match input.peek(container::HEAD) {
        Ok(head) => head.to_vec(),
        Err(stopped) => return found.stopped(stopped),
    };
    match container::recognise(&head) {
        Some(Container::Zip) => {
            found.containers.push(Container::Zip);
            // The table of contents is at the end, so everything is digested first.
            match input.drain() {
                Ok(_) => archive::read(outer, found),
                Err(stopped) => found.stopped(stopped),
            }
        }
        Some(container) => {
            found.containers.push(container);
            let head = input.into_buffered();
            match container::unwrap(container, outer, head) {
                Ok(decoded) => {
                    let mut input = Input::new(decoded);
                    stream(&mut input, found);
                }
                Err(error) => {
                    let what = format!("the compressed stream cannot be read: {error}");
                    found.stopped(stop(ProblemKind::Malformed, 0, what));
                }
            }
        }
        None => stream(&mut input, found),
    }
}

/// Reads what is no container any more.
fn stream(input: &mut Input<'_>, found: &mut Found) {
    let head = match input.peek(256) {
        Ok(head) => head.to_vec(),
        Err(stopped) => return found.stopped(stopped),
    };
    let text = head.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace());
    if head.starts_with(npy::MAGIC) {
        found.kind = ArtifactKind::Npy;
        found.array(input);
    } else if onnx::recognise(&head) {
        found.kind = ArtifactKind::Onnx;
        let mut facts = OnnxFacts::default();
        if let Err(stopped) = onnx::read(input, &mut facts) {
            found.stopped(stopped);
        }
        let version = facts.producer.clone().zip(facts.producer_version.clone());
        let version = version.filter(|(name, version)| !name.is_empty() && !version.is_empty());
        found.merge(version.into_iter().map(|(name, version)| (name, [version].into())).collect());
        found.onnx = Some(facts);
    } else if text && head.trim_ascii_start().starts_with(b"{") {
        json(input, found);
    } else if text && text::looks_like_mlmodel(&head) {
        found.decoded = head.len() as u64;
        if let Some(versions) = text::mlmodel(&mut *input) {
            found.kind = ArtifactKind::Mlflow;
            found.merge(versions);
        }
    } else {
        pickles(input, found);
    }
    found.decoded = input.offset();
}

fn json(input: &mut Input<'_>, found: &mut Found) {
    let mut walk = text::Walk::default();
    found.kind = ArtifactKind::Json;
    if let Err(error) = walk.document(&mut *input) {
        let kind = if error.is_eof() { ProblemKind::Truncated } else { ProblemKind::Malformed };
        found.stopped(stop(kind, input.offset(), format!("it is no JSON: {error}")));
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
    let is_pickle = first.declared || first.stopped.is_none();
    match first.stopped {
        Some(stopped) => {
            found.incomplete = true;
            facts.problem(*stopped);
        }
        None => trailing(input, facts, &mut found.incomplete),
    }
    found.problems.append(&mut found.facts.problems);
    if found.kind == ArtifactKind::Unknown {
        found.kind = match (&found.facts.pickle.joblib, is_pickle) {
            (Some(_), _) => ArtifactKind::Joblib,
            (None, true) => ArtifactKind::Pickle,
            (None, false) => ArtifactKind::Unknown,
        };
    }
}

/// What stands behind the end of a pickle: further pickles are read too, because some programs read them.
fn trailing(input: &mut Input<'_>, facts: &mut Facts, incomplete: &mut bool) {
    let start = input.offset();
    let mut told = false;
    loop {
        let offset = input.offset();
        let another = match input.peek(2) {
            Ok([]) => return,
            Ok(head) => matches!(head, [0x80, 0..=5]),
            Err(stopped) => {
                *incomplete = true;
                return facts.problem(*stopped);
            }
        };
        let tell = |facts: &mut Facts, what: String| {
            facts.problem(Problem { kind: ProblemKind::Trailing, offset, what });
        };
        if !another {
            match input.drain() {
                Ok(count) => tell(facts, format!("{count} bytes stand behind the end of the pickle")),
                Err(stopped) => {
                    *incomplete = true;
                    facts.problem(*stopped);
                }
            }
            return;
        }
        if !std::mem::replace(&mut told, true) {
            let what =
                format!("another pickle stands behind the end at {start}; pickle.load reads the first only");
            tell(facts, what);
        }
        if let Some(stopped) = Machine::new(input, facts, true).read().stopped {
            *incomplete = true;
            return facts.problem(*stopped);
        }
    }
}
