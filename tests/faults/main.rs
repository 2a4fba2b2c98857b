//! What happens when the machine gets in the way: processes are killed at random moments, disks fill up, folders cannot be
//! written, clocks jump, and several runs share one cold cache. No finished cell is lost, no verdict changes, and nothing is
//! left behind after the next start.
//!
//! `SHELFLIFE_FAULTS=200 cargo test --test faults -- --ignored --nocapture` kills two hundred times and prints how that went;
//! `SHELFLIFE_FAULTS_SEED` chooses other moments. These tests need what `tests/end_to_end` needs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../end_to_end/context.rs"]
#[expect(dead_code, reason = "other tests need the rest of it")]
mod context;
#[path = "../common/documented.rs"]
mod documented;
#[path = "../common/terminal.rs"]
mod terminal;

mod cold;
mod damage;
mod disks;
mod installers;
mod kills;
mod processes;
mod story;
mod streams;
