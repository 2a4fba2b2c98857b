//! A judged run as a statement that can be signed, and whether a statement is that of a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::vocab::{
    CellRecord, Described, Digest, Record, STATEMENT_TYPE, Statement, TEST_RESULT_TYPE, TestOutcome,
    TestResult,
};

/// Algorithms of digests.
const BLAKE3: &str = "blake3";
const SHA256: &str = "sha256";

/// Something that a statement says otherwise than the record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discrepancy {
    /// It is no statement about test results in this form.
    Form,
    /// The digest of an artifact, of a lock, of the plan or of the record is another one.
    Digest {
        /// What it is the digest of.
        name: String,
    },
    /// The record knows nothing of something that the statement names, or names it several times.
    Unknown {
        /// What.
        name: String,
    },
    /// The statement leaves out what the record has.
    LeftOut {
        /// What.
        name: String,
    },
    /// The result of all is another one.
    Result,
    /// A cell came out otherwise, or stands in another list.
    Cell {
        /// As the statement says it.
        said: String,
    },
    /// A file that was given is no artifact of it.
    File {
        /// Its path.
        path: String,
    },
    /// The SHA-256 of an artifact cannot be checked here: its bytes are not at hand.
    Unchecked {
        /// The artifact.
        name: String,
    },
}

impl Discrepancy {
    /// Whether it is a contradiction; otherwise something is not at hand.
    pub const fn is_contradiction(&self) -> bool {
        !matches!(self, Self::Unchecked { .. })
    }
}

/// What a run came to as a statement. `record_digest` is that of its events, and `sha256` gives that of an artifact whose bytes are at
/// hand.
pub fn statement(
    record: &Record,
    record_digest: Digest,
    sha256: impl Fn(&Digest) -> Option<String>,
) -> Statement {
    let subject = record.artifacts.iter().filter_map(|artifact| {
        let digest = artifact.digest?;
        let mut digests = BTreeMap::from([(BLAKE3.to_owned(), digest.to_string())]);
        digests.extend(sha256(&digest).map(|text| (SHA256.to_owned(), text)));
        Some(Described { name: artifact.id.clone(), digest: digests })
    });
    let one = |name: String, digest: Digest| Described {
        name,
        digest: BTreeMap::from([(BLAKE3.to_owned(), digest.to_string())]),
    };
    let mut configuration = vec![
        one("events.jsonl".to_owned(), record_digest),
        one("plan".to_owned(), record.matrix.plan_digest),
    ];
    let locks = record.environments.iter();
    configuration.extend(
        locks.filter_map(|environment| Some(one(format!("lock/{}", environment.name), environment.lock?))),
    );
    let tests = |is_meant: fn(&CellRecord) -> bool| -> Vec<String> {
        let cells = record.cells.iter().filter(|cell| is_meant(cell));
        cells.map(|cell| format!("{} -> {}: {}", cell.artifact, cell.consumer, cell.verdict)).collect()
    };
    let predicate = TestResult {
        result: TestOutcome::Passed,
        configuration,
        passed_tests: tests(|cell| cell.verdict.works()),
        warned_tests: tests(|cell| !cell.verdict.works() && !cell.verdict.fails()),
        failed_tests: tests(|cell| cell.verdict.fails()),
    };
    let result = match (predicate.failed_tests.is_empty(), predicate.warned_tests.is_empty()) {
        (false, _) => TestOutcome::Failed,
        (true, false) => TestOutcome::Warned,
        (true, true) if predicate.passed_tests.is_empty() => TestOutcome::Warned,
        (true, true) => TestOutcome::Passed,
    };
    Statement {
        statement_type: STATEMENT_TYPE.to_owned(),
        subject: subject.collect(),
        predicate_type: TEST_RESULT_TYPE.to_owned(),
        predicate: TestResult { result, ..predicate },
    }
}

/// What a statement says otherwise than that of the record: nothing where it is its own. `own` is what [`statement`] makes of the
/// record.
pub fn mismatches(said: &Statement, own: &Statement) -> BTreeSet<Discrepancy> {
    let mut found = BTreeSet::new();
    if said.statement_type != own.statement_type || said.predicate_type != own.predicate_type {
        found.insert(Discrepancy::Form);
    }
    described(&said.subject, &own.subject, &mut found);
    described(&said.predicate.configuration, &own.predicate.configuration, &mut found);
    if said.predicate.result != own.predicate.result {
        found.insert(Discrepancy::Result);
    }
    let lists = |of: &TestResult| [of.passed_tests.clone(), of.warned_tests.clone(), of.failed_tests.clone()];
    for (said, own) in lists(&said.predicate).into_iter().zip(lists(&own.predicate)) {
        let known: BTreeSet<&String> = own.iter().collect();
        let mut seen = BTreeSet::new();
        for one in &said {
            if !known.contains(one) || !seen.insert(one) {
                found.insert(Discrepancy::Cell { said: one.clone() });
            }
        }
        let left_out = own.iter().filter(|one| !seen.contains(one));
        found.extend(left_out.map(|one| Discrepancy::LeftOut { name: one.clone() }));
    }
    found
}

/// Compares things and their digests.
fn described(said: &[Described], own: &[Described], found: &mut BTreeSet<Discrepancy>) {
    let known: BTreeMap<&String, &BTreeMap<String, String>> =
        own.iter().map(|one| (&one.name, &one.digest)).collect();
    let mut seen = BTreeSet::new();
    for Described { name, digest } in said {
        let Some(known) = known.get(name).filter(|_| seen.insert(name)) else {
            found.insert(Discrepancy::Unknown { name: name.clone() });
            continue;
        };
        for (algorithm, text) in digest {
            let name = name.clone();
            match known.get(algorithm) {
                Some(own) if own == text => false,
                None if algorithm == SHA256 => found.insert(Discrepancy::Unchecked { name }),
                Some(_) | None => found.insert(Discrepancy::Digest { name }),
            };
        }
        if !digest.contains_key(BLAKE3) {
            found.insert(Discrepancy::Digest { name: name.clone() });
        }
    }
    let left_out = own.iter().filter(|one| !seen.contains(&one.name));
    found.extend(left_out.map(|one| Discrepancy::LeftOut { name: one.name.clone() }));
}

/// How the cells of a record came out when they were tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repetition {
    /// How many came out alike: both work, or both have the same verdict and cause.
    pub agree: usize,
    /// Those that came out otherwise: the cell, what the record says, and what was seen now.
    pub differ: Vec<(String, String, String)>,
    /// Those that were not judged now, for example without an environment.
    pub unjudged: Vec<String>,
    /// How many are no part of what was tried again.
    pub left_out: usize,
}

/// Compares the cells of a record that say something with those of another one.
pub fn repeated(record: &Record, again: &Record) -> Repetition {
    let now: BTreeMap<(&str, &str), &CellRecord> =
        again.cells.iter().map(|cell| ((cell.artifact.as_str(), cell.consumer.as_str()), cell)).collect();
    let mut found = Repetition::default();
    for cell in record.cells.iter().filter(|cell| cell.verdict.works() || cell.verdict.fails()) {
        let name = format!("{} -> {}", cell.artifact, cell.consumer);
        let told = |cell: &CellRecord| match &cell.rule {
            Some(rule) if cell.verdict.fails() => format!("{} ({rule})", cell.verdict),
            _ => cell.verdict.to_string(),
        };
        match now.get(&(cell.artifact.as_str(), cell.consumer.as_str())) {
            Some(other) if other.verdict.works() || other.verdict.fails() => {
                let is_same = cell.verdict.works() == other.verdict.works()
                    && (cell.verdict.works() || (cell.verdict, &cell.rule) == (other.verdict, &other.rule));
                if is_same {
                    found.agree += 1;
                } else {
                    found.differ.push((name, told(cell), told(other)));
                }
            }
            Some(_) => found.unjudged.push(name),
            None => found.left_out += 1,
        }
    }
    found
}
