//! `shelflife doctor`: what this machine offers.

use std::fmt::Write as _;

use super::args::{self, DoctorArgs};
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{Policy, Session};
use crate::provision::{MachineFacts, ProvisionOptions, ToolConsent};
use crate::vocab::ExitCode;

pub(super) fn doctor(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let install_tools = if args.fix { ToolConsent::Given } else { ToolConsent::Unasked };
    let making = ProvisionOptions { install_tools, ..ProvisionOptions::default() };
    let mut audience = Audience::plain();
    let mut session = Session::open(Policy { making, ..Policy::default() }, &mut audience)?;
    let fixed = if args.fix { fix(&mut session) } else { ExitCode::Done };
    let machine = session.machine();
    if console::is_for_programs() {
        programs::document(&answer(&machine))?;
    } else {
        console::print(&words(&machine))?;
    }
    Ok(fixed)
}

/// What programs are told of this machine.
pub(super) fn answer(facts: &MachineFacts) -> serde_json::Value {
    let interpreters = facts.interpreters.iter().map(|it| {
        serde_json::json!({
            "implementation": it.implementation,
            "version": it.version_text(),
            "bits": it.bits,
            "path": programs::path(&it.path),
        })
    });
    let offers = facts.offers.iter();
    let offers =
        offers.map(|it| serde_json::json!({ "what": it.what, "ready": it.ready, "detail": it.detail }));
    let uv = facts.uv.as_ref();
    serde_json::json!({
        "shelflife": args::VERSION,
        "uv": uv.map(|uv| serde_json::json!({ "version": uv.version, "path": programs::path(&uv.path) })),
        "cache": programs::path(&facts.cache),
        "free_bytes": facts.free_bytes,
        "interpreters": interpreters.collect::<Vec<_>>(),
        "offers": offers.collect::<Vec<_>>(),
    })
}

/// Installs the Debian packages that are missing. What could not be installed is said; the rest of the page follows all
/// the same.
fn fix(session: &mut Session<'_>) -> ExitCode {
    match session.install_tools() {
        Ok(packages) => {
            match packages.as_slice() {
                [] => console::note("nothing to install: every Debian package that could be needed is here"),
                packages => console::note(&format!("installed {}", packages.join(", "))),
            }
            ExitCode::Done
        }
        Err(failure) => {
            console::warn(&failure.to_string());
            ExitCode::CouldNotJudge
        }
    }
}

fn words(facts: &MachineFacts) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "shelflife {}", args::VERSION);
    let _ = match &facts.uv {
        Some(uv) => writeln!(text, "uv: {} at {}", uv.version, uv.path.display()),
        None => writeln!(text, "uv: none yet; the first run fetches it through pip into the cache"),
    };
    let free = facts.free_bytes.map_or_else(String::new, |bytes| format!(", {} free", size(bytes)));
    let _ = writeln!(text, "cache: {}{free} (SHELFLIFE_CACHE_DIR moves it)", facts.cache.display());
    let _ = writeln!(text, "interpreters: {}", facts.interpreters.len());
    for interpreter in &facts.interpreters {
        let _ = writeln!(
            text,
            "  {} {} ({} bit) at {}",
            interpreter.implementation,
            interpreter.version_text(),
            interpreter.bits,
            interpreter.path.display()
        );
    }
    if facts.interpreters.is_empty() {
        let _ =
            writeln!(text, "  none: install one with `uv python install 3.11` or `apt-get install python3`");
    }
    let _ = writeln!(text, "32-bit, foreign and containers:");
    for offer in &facts.offers {
        let mark = if offer.ready { "ok" } else { "--" };
        let _ = writeln!(text, "  {mark} {}: {}", offer.what, offer.detail);
    }
    text
}

/// A size for people.
pub(super) fn size(bytes: u64) -> String {
    const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
    let gib = bytes as f64 / GIB;
    if gib >= 1.0 { format!("{gib:.1} GiB") } else { format!("{:.0} MiB", gib * 1024.0) }
}
