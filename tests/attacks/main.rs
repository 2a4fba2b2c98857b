//! Hostile files against the built binary, in each runtime, as root and as an ordinary user: what each of them
//! achieved, seen from outside.
//!
//! ```text
//! hostile/   the attacks, a Python function each; `make.py` puts each into a pickle of its own
//! stage/     where they are run: a throw-away copy of this machine with witnesses around (see `stage.py`)
//! ```
//!
//! A plain `cargo test` plays everything in a virtual environment as root, and in an existing one as an ordinary user the
//! kinds in which that makes a difference.
//! `SHELFLIFE_ATTACKS=all` plays every runtime and user, `SHELFLIFE_ATTACKS=rootfs,container` these runtimes,
//! `SHELFLIFE_ATTACKS_KINDS=kernel,files` some kinds and `SHELFLIFE_ATTACKS_ONLY=keys,rings` some attacks. Where what an
//! attack did cannot be told from what it left, halves of its kind are tried again, for at most
//! `SHELFLIFE_ATTACKS_SEARCH` seconds (60) a kind. It needs root, for namespaces; `docker` for containers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/terminal.rs"]
mod terminal;

mod places;
mod stage;
mod table;

use std::sync::{Mutex, PoisonError};

use places::{Place, Runtime};
use stage::User;
use terminal::not_tried;

/// One play at a time: limits are measured, and others would be measured with them.
static TURN: Mutex<()> = Mutex::new(());

/// Kinds that a plain run plays.
enum Plain {
    All,
    /// Those whose walls are others for this user, and what shares processes.
    Some(&'static [&'static str]),
    None,
}

fn play(runtime: Runtime, user: User, plain: Plain) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let name = format!("{} as {}", runtime.word(), user.word());
    let kinds: &[&str] = match plain {
        _ if is_wanted(runtime) => &[],
        Plain::All => &[],
        Plain::Some(kinds) => kinds,
        Plain::None => {
            not_tried(format_args!("hostile files in {name}: SHELFLIFE_ATTACKS=all plays them"));
            return;
        }
    };
    if let Err(reason) = stage::can_be_built() {
        not_tried(format_args!("hostile files in {name}: {reason}"));
        return;
    }
    let place = match Place::prepare(runtime) {
        Ok(place) => place,
        Err(reason) => {
            not_tried(format_args!("hostile files in {name}: {reason}"));
            return;
        }
    };
    let outcome = stage::play(&place, user, kinds).unwrap();
    let told = table::of(&outcome, &name);
    // Seen also of a test that passes.
    not_silent(&told);
    assert!(outcome.rows.iter().all(|row| row.escapes.is_empty()), "{told}");
    assert!(outcome.escapes.is_empty(), "{told}");
    assert!(outcome.has_ended, "the play has broken off:\n{}\n{told}", outcome.trouble);
}

fn is_wanted(runtime: Runtime) -> bool {
    let wanted = std::env::var("SHELFLIFE_ATTACKS").unwrap_or_default();
    wanted.split(',').any(|word| word == "all" || word == runtime.word())
}

fn not_silent(text: &str) {
    use std::io::Write as _;
    // Nobody can be told that nobody can be told.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn nothing_leaves_its_cell_in_a_virtual_environment_as_root() {
    play(Runtime::Venv, User::Root, Plain::All);
}

#[test]
fn nothing_leaves_its_cell_in_a_virtual_environment_as_an_ordinary_user() {
    play(Runtime::Venv, User::Ordinary, Plain::None);
}

#[test]
fn nothing_leaves_its_cell_in_an_existing_environment_as_root() {
    play(Runtime::Existing, User::Root, Plain::None);
}

#[test]
fn nothing_leaves_its_cell_in_an_existing_environment_as_an_ordinary_user() {
    play(
        Runtime::Existing,
        User::Ordinary,
        Plain::Some(&["planting", "files", "processes", "sockets", "kernel"]),
    );
}

#[test]
fn nothing_leaves_its_cell_in_a_debian_tree_as_root() {
    play(Runtime::Rootfs, User::Root, Plain::None);
}

#[test]
fn nothing_leaves_its_cell_in_a_debian_tree_as_an_ordinary_user() {
    play(Runtime::Rootfs, User::Ordinary, Plain::None);
}

#[test]
fn nothing_leaves_its_cell_in_a_container_as_root() {
    play(Runtime::Container, User::Root, Plain::None);
}

#[test]
fn nothing_leaves_its_cell_in_a_container_as_an_ordinary_user() {
    play(Runtime::Container, User::Ordinary, Plain::None);
}
