//! What a run came to as an in-toto statement, for signing: the form is that of in-toto's Statement v1 with the predicate
//! `test-result` v0.1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The type of the statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of its predicate.
pub const TEST_RESULT_TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// A statement about artifacts. A key that it does not have is an error when it is read: nobody would check what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// The artifacts.
    pub subject: Vec<Described>,
    /// [`TEST_RESULT_TYPE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What became of them.
    pub predicate: TestResult,
}

/// A thing with its digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Described {
    /// What it is: `model/format/producer`, `lock/ENVIRONMENT`, `plan`, `events.jsonl`.
    pub name: String,
    /// Digests in hexadecimal, by algorithm: `blake3`, and `sha256` where the bytes were at hand.
    pub digest: BTreeMap<String, String>,
}

/// What tests came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TestResult {
    /// All together.
    pub result: TestOutcome,
    /// What they were run with: the record, the plan, and the lock of each environment.
    pub configuration: Vec<Described>,
    /// Cells that work, as `artifact -> consumer: verdict`.
    pub passed_tests: Vec<String>,
    /// Cells that were not judged or do not apply.
    pub warned_tests: Vec<String>,
    /// Cells that fail or drift.
    pub failed_tests: Vec<String>,
}

/// What tests came to, together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TestOutcome {
    /// Every cell works.
    Passed,
    /// None fails, and some were not judged.
    Warned,
    /// At least one fails.
    Failed,
}
