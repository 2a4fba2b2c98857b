//! The whole program with real environments: the built binary, real interpreters, real scikit-learn wheels.
//!
//! These tests need a package index (or a filled cache, see `tests/common`) and Python 3.11.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/documented.rs"]
mod documented;
#[path = "../common/machine.rs"]
mod machine;

mod cli_files;
mod cli_run;
mod context;
mod engines;
mod gate_answers;
mod given_inputs;
mod inspect;
mod libraries;
mod library;
mod mends;
mod mlflow;
mod nodes;
mod noise_floor;
mod producers;
mod project;
mod release;
mod remedies;
mod requires;
mod rescue;
mod run_container;
mod run_env_errors;
mod run_formats;
mod run_kill;
mod run_launchers;
mod run_rules;
mod run_setup;
mod run_shards;
mod slurm;
mod strangers;
mod worker_hostile;
