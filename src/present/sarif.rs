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
        id: "trailing-bytes",
        level: "warning",
        name: "TrailingBytes",
        text: "Something stands behind the end of the artifact",
        help: "Loaders ignore it or read it as a further object; an honest artifact has none.",
    },
];

/// The log of all artifacts.
pub fn render(artifacts: &[Inspected]) -> Result<Vec<u8>, RenderError> {
    let mut results = Vec::new();
    for artifact in artifacts {
        let found = &artifact.inspection;
        let uri = uri(&artifact.path);
        for global in found.globals() {
            results.extend(of_global(&uri, global));
        }
        if let Some(pickle) = &found.pickle {
            let hidden = pickle.hidden();
            if hidden > 0 {
                let text = format!("{hidden} imports or calls that cannot be named");
                results.push(result("hidden-import", &uri, &text, 0, "hidden"));
            }
        }
        for problem in &found.problems {
            results.push(of_problem(&uri, problem));
        }
    }
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
            "results": results,
        }],
    });
    let mut bytes = serde_json::to_vec_pretty(&log)?;
    bytes.push(b'\n');
    Ok(bytes)
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

fn of_problem(uri: &str, problem: &Problem) -> Value {
    let rule = if problem.kind == ProblemKind::Trailing { "trailing-bytes" } else { "damaged" };
    result(rule, uri, &problem.what, problem.offset, &problem.what)
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
