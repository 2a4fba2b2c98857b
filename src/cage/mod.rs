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
mod program;
mod view;

pub use calls::Machine;
pub use door::{Allowed, allowed, door};
pub use enter::run_if_asked;
pub use filter::{Allowance, CellFilters, container_profile, for_cells};
pub use mounts::HIDDEN;
pub use plan::{Bind, CagePlan, Door};
pub use program::{command, made_by};
pub use view::{CODE, View, homes, is_interpreter, names, of_interpreter, system};
