//! What is seen of a cell that does not work, and what is known of its two environments.

use std::collections::BTreeMap;

use super::rule::Versions;
use super::rules;
use crate::notation::Version;
use crate::vocab::{ByteOrder, FileFacts, Misread, Stage, Verdict};

/// One of the two environments of a cell, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The versions of its packages, and of `python`.
    pub versions: Versions,
    /// Its pointer width; `None` where it is not known.
    pub bits: Option<u8>,
    /// Its byte order; `None` where it is not known.
    pub byte_order: Option<ByteOrder>,
}

impl Side {
    /// From texts as a lock has them. What is no version counts as unknown.
    pub fn new<'a>(
        python: &'a str,
        packages: impl IntoIterator<Item = (&'a String, &'a String)>,
        bits: Option<u8>,
    ) -> Self {
        let mut versions: BTreeMap<String, Version> = packages
            .into_iter()
            .filter_map(|(name, text)| Some((name.clone(), text.parse().ok()?)))
            .collect();
        if let Ok(version) = python.parse() {
            versions.insert("python".to_owned(), version);
        }
        Self { versions, bits, byte_order: None }
    }

    /// The same with a byte order.
    pub fn with_byte_order(self, byte_order: Option<ByteOrder>) -> Self {
        Self { byte_order, ..self }
    }

    /// With what `sklearn.set_config` was called with, values as JSON: a switch that rules speak of counts as a package
    /// of its name after `config-`, with version 1 where it is on and 0 elsewhere.
    pub fn configured(mut self, config: &BTreeMap<String, String>) -> Self {
        let requirements = rules()
            .iter()
            .flat_map(|rule| &rule.cases)
            .flat_map(|case| case.producer.iter().chain(&case.consumer));
        for name in requirements.map(|requirement| &requirement.package) {
            let Some(switch) = name.strip_prefix(SWITCH) else { continue };
            let is_on = |(key, value): (&String, &String)| key.replace('_', "-") == switch && value == "true";
            if let Ok(version) = if config.iter().any(is_on) { "1" } else { "0" }.parse() {
                self.versions.insert(name.clone(), version);
            }
        }
        self
    }
}

/// What the names of switches begin with where requirements speak of them.
const SWITCH: &str = "config-";

/// What is seen of a cell that does not work.
#[derive(Clone, Copy, Debug)]
pub struct Symptom<'a> {
    /// The verdict.
    pub verdict: Verdict,
    /// Where it was decided.
    pub stage: Stage,
    /// The exception as `Type: message`, or what an installer or interpreter said of an environment.
    pub texts: &'a [String],
    /// The signal that ended the process.
    pub signal: Option<i32>,
    /// What the reader misreads, as far as versions tell.
    pub misread: Option<&'a Misread>,
    /// The module of the deepest frame.
    pub module: Option<&'a str>,
    /// The deepest frames as `module:function:line`.
    pub frames: &'a [String],
    /// The outputs that are outside tolerance.
    pub outputs: &'a [String],
    /// The handler of the format.
    pub format: &'a str,
    /// Whether the file was damaged on purpose.
    pub damaged: bool,
    /// Whether the file is a translation of the model: only rules that name its format explain how that differs.
    pub translated: bool,
    /// What is known of the file.
    pub file: Option<&'a FileFacts>,
    /// The estimator expression, for classes where nothing is known of the file.
    pub expression: &'a str,
}

/// Whether two environments are known to have other versions of a package.
pub(super) fn differ(package: &str, producer: &Side, consumer: &Side) -> bool {
    let (written, read) = (producer.versions.get(package), consumer.versions.get(package));
    written.is_some() && read.is_some() && written != read
}
