//! What `shelflife inspect` found as SARIF 2.1.0, for code scanning.

use serde_json::{Value, json};

use super::error::RenderError;
use crate::vocab::{GlobalFact, Inspected, Problem, ProblemKind, Trust};

/// One kind of result: its id, level and what it means.
struct Rule {
    id: &'static str,
    level: &'static str,
    name: &'static str,
    text: &'static str,
    help: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        id: "dangerous-global",
        level: "error",
        name: "DangerousGlobal",
        text: "Loading the artifact imports something that runs commands or arbitrary code",
        help: "Do not load it. Ask whoever made it; an honest scikit-learn model needs no such import.",
    },
    Rule {
        id: "unknown-global",
        level: "warning",
        name: "UnknownGlobal",
        text: "Loading the artifact runs code that is not on the list of what artifacts need",
        help: "Load it only where you trust that code, which must be installed there.",
    },
    Rule {
        id: "hidden-import",
        level: "warning",
        name: "HiddenImport",
        text: "Loading the artifact imports or calls something that cannot be named",
        help: "Treat it as code of a stranger.",
    },
    Rule {
        id: "damaged",
        level: "error",
        name: "Damaged",
        text: "The artifact is cut off or does not follow its format",
        help: "Take it again from where it was made, and compare the digests.",
    },
    Rule {
        id: "no-artifact",
        level: "warning",
        name: "NoArtifact",
        text: "The file is something else than the artifact that its name promises",
        help: "Put the artifact itself there.",
    },
    Rule {
        id: "trailing-bytes",
        level: "warning",
        name: "TrailingBytes",
        text: "Something stands behind the end of the artifact",
        help: "Loaders ignore it or read it as a further object; an honest artifact has none.",
    },
];

/// The log of artifacts, of which only what is suspicious is kept.
#[derive(Debug, Default)]
pub struct SarifLog {
    results: Vec<Value>,
}

impl SarifLog {
    /// Takes one artifact.
    pub fn add(&mut self, artifact: &Inspected) {
        let found = &artifact.inspection;
        let uri = uri(&artifact.path);
        for global in found.globals() {
            self.results.extend(of_global(&uri, global));
        }
        if let Some(pickle) = &found.pickle {
            let hidden = pickle.hidden();
            if hidden > 0 {
                let text = format!("{hidden} imports or calls that cannot be named");
                self.results.push(result("hidden-import", &uri, &text, 0, "hidden"));
            }
        }
        if let Some(foreign) = found.foreign.filter(|foreign| !foreign.is_sound()) {
            let text = format!("It is {}: {}", foreign.what(), foreign.help());
            let key = serde_json::to_string(&foreign).unwrap_or_default();
            self.results.push(result("no-artifact", &uri, &text, 0, &key));
        }
        for (index, problem) in found.problems.iter().enumerate() {
            let before = found.problems[..index].iter().filter(|other| other.kind == problem.kind).count();
            self.results.push(of_problem(&uri, problem, before));
        }
    }

    /// The log as bytes.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn finish(self) -> Result<Vec<u8>, RenderError> {
        let rules: Vec<_> = RULES
            .iter()
            .map(|rule| {
                json!({
                    "id": rule.id,
                    "name": rule.name,
                    "shortDescription": { "text": rule.text },
                    "help": { "text": rule.help },
                    "defaultConfiguration": { "level": rule.level },
                })
            })
            .collect();
        let log = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "shelflife",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                } },
                "results": self.results,
            }],
        });
        let mut bytes = serde_json::to_vec_pretty(&log)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

fn of_global(uri: &str, global: &GlobalFact) -> Option<Value> {
    let (rule, what) = match global.trust {
        Trust::Known => return None,
        Trust::Unknown => ("unknown-global", "is not on the list of what artifacts need"),
        Trust::Dangerous => ("dangerous-global", "runs commands or arbitrary code"),
    };
    let path = global.path();
    let verb = if global.called > 0 { "calls" } else { "imports" };
    Some(result(rule, uri, &format!("Loading {verb} {path}, which {what}"), global.offset, &path))
}

/// A problem with `before` others of its kind before it in the file. It is known again by these: its words may be
/// written better one day.
fn of_problem(uri: &str, problem: &Problem, before: usize) -> Value {
    let (rule, kind) = match problem.kind {
        ProblemKind::Trailing => ("trailing-bytes", "trailing"),
        ProblemKind::Truncated => ("damaged", "truncated"),
        ProblemKind::Malformed => ("damaged", "malformed"),
        ProblemKind::Limit => ("damaged", "limit"),
        ProblemKind::Unreadable => ("damaged", "unreadable"),
    };
    result(rule, uri, &problem.what, problem.offset, &format!("{kind}-{before}"))
}

fn result(rule: &str, uri: &str, text: &str, offset: u64, key: &str) -> Value {
    let index = RULES.iter().position(|known| known.id == rule);
    let level = index.map_or("warning", |index| RULES[index].level);
    // The same finding in the same file is one alert over time, wherever it moved to.
    let print = crate::vocab::Digest::of(format!("{rule}\n{uri}\n{key}").as_bytes()).to_string();
    json!({
        "ruleId": rule,
        "ruleIndex": index,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri },
            "region": { "byteOffset": offset, "byteLength": 1 },
        } }],
        "partialFingerprints": { "shelflife/v1": print },
    })
}

/// A path as a relative or file URI.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    if uri.starts_with('/') { format!("file://{uri}") } else { uri }
}
