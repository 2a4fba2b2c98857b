//! Records of format version 1, brought into the form of today: where version 1 kept a fact as a sentence, that sentence is
//! read here and nowhere else.

use serde_json::{Value, json};

use super::{ArtifactAbsence, Event, Observation, Outcome, RunHeader, Unfit, Verdict};

/// What version 1 wrote before the requirement of a model that the matrix rules out.
const RULED_OUT: &str = "the matrix says that it requires ";
/// What version 1 wrote before the outputs that a format does not hold.
const NO_OUTPUT_HELD: &str = "it holds none of the outputs of the model (";
/// What version 1 wrote of a model without outputs.
const NO_OUTPUT: &str = "it offers no output to compare";
/// The module of the exceptions by which the agent of version 1 told that a file and its inputs do not go together.
const AGENT: &str = "shelflife_agent.";

/// Brings an event of a record of version 1 into the form of today.
pub fn upgrade(event: &mut Event) {
    match event {
        Event::RunStarted(header) | Event::RunResumed { header } => upgrade_header(header),
        Event::ArtifactMissing { absence, .. } => upgrade_absence(absence),
        Event::ReferenceTaken { observation, .. }
        | Event::CellObserved { observation, .. }
        | Event::CellRetried { observation, .. }
        | Event::CellContradicted { observation, .. } => upgrade_observation(observation),
        Event::EnvironmentReady { .. }
        | Event::EnvironmentFailed { .. }
        | Event::EnvironmentIsolation { .. }
        | Event::ArtifactMade { .. }
        | Event::CellForetold { .. }
        | Event::CellLost { .. }
        | Event::CellCompared { .. }
        | Event::ArtifactInspected { .. }
        | Event::ReferenceRepeated { .. }
        | Event::ReferenceVaried { .. }
        | Event::RunFinished { .. } => {}
    }
}

/// `unsupported` covered what is `absent` now.
fn upgrade_header(header: &mut RunHeader) {
    for expectation in &mut header.plan.expectations {
        if expectation.verdicts.contains(&Verdict::Unsupported) {
            expectation.verdicts.push(Verdict::Absent);
        }
    }
}

fn upgrade_absence(absence: &mut ArtifactAbsence) {
    let ArtifactAbsence::Unsupported { reason } = absence else { return };
    *absence = absence_of(reason);
}

fn absence_of(reason: &str) -> ArtifactAbsence {
    if let Some(requirement) = reason.strip_prefix(RULED_OUT) {
        ArtifactAbsence::RuledOut { requirement: requirement.to_owned() }
    } else if let Some(methods) = reason.strip_prefix(NO_OUTPUT_HELD) {
        let methods = methods.trim_end_matches(')').split(", ").map(str::to_owned).collect();
        ArtifactAbsence::NoOutputHeld { methods }
    } else if reason.starts_with(NO_OUTPUT) {
        ArtifactAbsence::NoOutput
    } else if is_of_class(reason) {
        ArtifactAbsence::ClassAbsent { reason: reason.to_owned() }
    } else {
        ArtifactAbsence::Unsupported { reason: reason.to_owned() }
    }
}

/// Whether the agent of version 1 says by this that a class or one of its parameters does not exist.
fn is_of_class(reason: &str) -> bool {
    reason.starts_with("scikit-learn ")
        && (reason.contains(" has no ") || reason.contains("unexpected keyword argument"))
}

fn upgrade_observation(observation: &mut Observation) {
    let Outcome::Raised { error, .. } = &observation.outcome else { return };
    if let Some(unfit) = unfit(&error.class) {
        observation.outcome = Outcome::Unfit { unfit, says: error.message.clone() };
    }
}

fn unfit(class: &str) -> Option<Unfit> {
    match class.strip_prefix(AGENT)? {
        "NotAModel" => Some(Unfit::NotAModel),
        "InputsDoNotFit" => Some(Unfit::Inputs),
        _ => None,
    }
}

/// Brings the parsed `results.json` of version 1 into the form of today. Its findings are opinions of that version and are
/// left out; artifacts keep what can be told of them.
pub fn upgrade_results(results: &mut Value) {
    for cell in results["cells"].as_array_mut().into_iter().flatten() {
        upgrade_cell(cell);
    }
    results["findings"] = json!([]);
}

fn upgrade_cell(cell: &mut Value) {
    let text = |name: &str| cell[name].as_str().unwrap_or_default().to_owned();
    let (verdict, stage, reason) = (text("verdict"), text("stage"), text("reason"));
    let class = cell["error"]["type"].as_str().unwrap_or_default().to_owned();
    let environment = text("consumer");
    let raised = json!({ "kind": "raised" });
    let trouble = json!({ "kind": "environment", "trouble": { "kind": "lost", "environment": environment, "says": reason } });
    let (verdict, reached, cause) = match (verdict.as_str(), stage.as_str()) {
        ("identical", _) => ("identical", "identical", json!({ "kind": "none" })),
        ("roundoff", _) => ("roundoff", "within", json!({ "kind": "none" })),
        ("drift", _) => ("drift", "predicted", json!({ "kind": "differs" })),
        ("predict-error", _) => ("predict-error", "loaded", raised),
        ("load-error", "read") if class.is_empty() => {
            ("load-error", "nothing", json!({ "kind": "refused", "says": reason }))
        }
        ("load-error", _) => ("load-error", "started", raised),
        ("crash", stage) => ("crash", died_in(stage), json!({ "kind": "exited", "status": -1 })),
        ("timeout", stage) => (
            "timeout",
            died_in(stage),
            json!({ "kind": "limit", "limit": { "kind": "time", "seconds": 0.0 } }),
        ),
        ("out-of-memory", stage) => {
            ("out-of-memory", died_in(stage), json!({ "kind": "limit", "limit": { "kind": "memory" } }))
        }
        ("unsupported", "load") => ("unverified", "loaded", json!({ "kind": "load-only" })),
        ("unsupported", "predict") if unfit(&class) == Some(Unfit::NotAModel) => {
            ("unverified", "loaded", json!({ "kind": "not-a-model", "says": reason }))
        }
        ("unsupported", "predict") => (
            "unverified",
            "loaded",
            json!({ "kind": "inputs-do-not-fit", "says": reason, "because": "compared", "given": false, "inputs": "" }),
        ),
        ("unsupported", "value") => {
            ("unverified", "predicted", json!({ "kind": "no-reference", "why": { "kind": "unknown-maker" } }))
        }
        ("unsupported", _) => match absence_of(&reason) {
            ArtifactAbsence::ClassAbsent { reason } => (
                "absent",
                "nothing",
                json!({ "kind": "class-absent", "environment": environment, "says": reason }),
            ),
            ArtifactAbsence::RuledOut { requirement } => {
                ("unsupported", "nothing", json!({ "kind": "ruled-out", "requirement": requirement }))
            }
            _ => (
                "unsupported",
                "nothing",
                json!({ "kind": "inapplicable", "why": { "kind": "format", "says": reason } }),
            ),
        },
        _ => ("env-error", "nothing", trouble),
    };
    cell["verdict"] = verdict.into();
    cell["reached"] = reached.into();
    cell["cause"] = cause;
    cell["rule"] = cell["signature"].take();
}

/// How far a cell got that died in a stage.
fn died_in(stage: &str) -> &'static str {
    if stage == "predict" { "loaded" } else { "started" }
}
