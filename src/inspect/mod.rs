//! Layer 1: reads artifacts without executing anything: which format, written by which versions, what loading would
//! import and call.
//!
//! A file is read once, as a stream; memory is bounded whatever it claims (a few MiB, and for xz and lzma the
//! dictionary that they ask for). Every length is checked by reading. What cannot be read is a `Problem` with its
//! place, and the facts before it are kept.
//!
//! Architecture Invariant: nothing of an artifact is executed, and no process is started.

mod container;
mod dtype;
mod facts;
mod input;
mod machine;
mod objects;
mod trust;
mod value;

use std::io::{Read, Seek};

use container::Outer;
use facts::{Facts, Versions};
use input::{Input, Stop, stop};
use machine::Machine;

use crate::vocab::{
    ArrayFact, ArtifactKind, Container, Digest, Inspection, PickleFacts, Problem, ProblemKind,
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
    let mut found = Found::default();
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
    let mut found = Found::default();
    found.stopped(stop(ProblemKind::Unreadable, 0, format!("cannot be read: {error}")));
    found.inspection(0, Digest::of(b""), None)
}

/// What is found while an artifact is read.
#[derive(Default)]
struct Found {
    kind: ArtifactKind,
    containers: Vec<Container>,
    decoded: u64,
    incomplete: bool,
    pickle: Option<PickleFacts>,
    arrays: Vec<ArrayFact>,
    versions: Versions,
    problems: Vec<Problem>,
}

impl Found {
    /// Reading stopped before the end.
    fn stopped(&mut self, stopped: Stop) {
        self.incomplete = true;
        self.problems.push(*stopped);
    }

    fn inspection(self, size: u64, digest: Digest, sha256: Option<String>) -> Inspection {
        Inspection {
            size,
            digest,
            sha256,
            kind: self.kind,
            containers: self.containers,
            decoded_size: self.decoded,
            complete: !self.incomplete,
            pickle: self.pickle,
            skops: None,
            onnx: None,
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
            found.kind = ArtifactKind::Zip;
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
    pickles(input, found);
    found.decoded = input.offset();
}

/// Reads a pickle and whatever follows it.
fn pickles(input: &mut Input<'_>, found: &mut Found) {
    let mut facts = Facts::new();
    let first = Machine::new(input, &mut facts, true).read();
    facts.pickle.protocol = first.protocol;
    let is_pickle = first.declared || first.stopped.is_none();
    match first.stopped {
        Some(stopped) => {
            found.incomplete = true;
            facts.problem(*stopped);
        }
        None => trailing(input, &mut facts, found),
    }
    let (pickle, arrays, versions, problems) = facts.finish();
    found.kind = match (&pickle.joblib, is_pickle) {
        (Some(_), _) => ArtifactKind::Joblib,
        (None, true) => ArtifactKind::Pickle,
        (None, false) => ArtifactKind::Unknown,
    };
    found.problems.extend(problems);
    found.arrays = arrays;
    found.versions = versions;
    found.pickle = Some(pickle);
}

/// What stands behind the end of a pickle: further pickles are read too, because some programs read them.
fn trailing(input: &mut Input<'_>, facts: &mut Facts, found: &mut Found) {
    let start = input.offset();
    let mut told = false;
    loop {
        let offset = input.offset();
        let another = match input.peek(2) {
            Ok([]) => return,
            Ok(head) => matches!(head, [0x80, 0..=5]),
            Err(stopped) => {
                found.incomplete = true;
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
                    found.incomplete = true;
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
            found.incomplete = true;
            return facts.problem(*stopped);
        }
    }
}
