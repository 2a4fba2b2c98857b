//! Layer 1: what a project writes down for `shelflife gate`: `shelflife.toml`, or `[tool.shelflife]` in `pyproject.toml`.
//!
//! `settings` reads one such file, `find` says which of those on the way up counts, and `starter` writes the first one.
//!
//! Architecture Invariant: no file is touched here, and no path is resolved.

mod find;
mod settings;
mod starter;

pub use find::{find, read};
pub use settings::{PYPROJECT, SETTINGS, Settings, settings_schema_json};
pub use starter::{Materials, starter};
