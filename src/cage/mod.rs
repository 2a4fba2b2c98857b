//! Layer 2: cages. What runs in one sees the system, one environment and its own scratch, has no network, no powers and
//! no processes beside its own, and leaves nothing behind: the kernel decides that before the first byte is read.
//!
//! There are two, one inside the other. The outer one is made by this program, started once more with a hidden
//! subcommand (`enter`), around whatever starts an environment's interpreter: the interpreter itself, its probe, an
//! installer. The inner one is made by the agent for each foreign file, in a process that it forks
//! (`worker/agent/shelflife_agent/cage.py`), with filters that are compiled here (`filter`).
//!
//! Architecture Invariant: it knows no environments, artifacts or cells; what is to be seen, others say.

mod calls;
mod door;
mod enter;
mod filter;
mod mounts;
mod plan;
mod view;

pub use calls::Machine;
pub use door::{Allowed, allowed, door, made_by};
pub use enter::run_if_asked;
pub use filter::{Allowance, CellFilters, container_profile, for_cells};
pub use plan::{Bind, CagePlan, Door};
pub use view::{View, homes, is_interpreter, names, of_interpreter, system};

/// Program and arguments that make a cage; the command to run in it is appended.
pub fn command(plan: &CagePlan) -> Vec<String> {
    // A plan holds nothing that has no JSON, unless a path is no UTF-8: then making the cage says so.
    let text = serde_json::to_string(plan).unwrap_or_default();
    let program = door::program().map(|program| program.display().to_string()).unwrap_or_default();
    vec![program, enter::OUTER.to_owned(), text, "--".to_owned()]
}
