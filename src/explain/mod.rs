//! Layer 1: known causes, as data. Which rule explains a cell or a message somebody pasted, and what a rule says of an
//! environment that no artifact has met yet.
//!
//! Architecture Invariant: a cause is a file under `knowledge/rules` and nothing else; no code here knows a class, a version
//! or a message. What a rule claims is measured: `knowledge/evidence.json` names for each the cells that show it.

mod caveats;
mod cells;
mod evidence;
mod facts;
mod forecast;
mod mends;
mod message;
mod names;
mod packages;
mod pairs;
mod pattern;
mod promise;

mod requires;
mod rule;
mod score;
mod symptom;

use std::sync::LazyLock;

use crate::knowledge;

pub use caveats::Caveats;
pub use cells::{Explainer, is_known};
pub use evidence::{Evidence, Shown, Tried, TriedEnvironment, evidence};
pub use facts::{asked, facts_of};
pub use forecast::{forecast, is_tried};
pub use mends::{COMPANIONS, MENDS};
pub use message::{Match, for_message};
pub use names::{newest_release, public_module, public_names};
pub use packages::{ANY_PACKAGE, known_packages, package_of};
pub use promise::{Promise, Relation, Statement, promises};
pub use requires::{Reading, Required, Span, newest_first, readers, requires};
pub use rule::{Case, FileCondition, Rule, Targets, Versions, rule_schema_json};
pub use score::score;
pub use symptom::{Side, Symptom};

/// The files, as `build.rs` found them: nobody can forget one.
fn files() -> Vec<(&'static str, &'static str)> {
    knowledge::folder("rules")
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    // The files are part of the program, and a test parses each.
    files().into_iter().filter_map(|(id, text)| Rule::parse(id, text).ok()).collect()
});

/// Every rule, by id.
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static Rule> {
    rules().iter().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests;
