//! `shelflife doctor`: what this machine offers.

use std::fmt::Write as _;

use super::console;
use super::failure::Failure;
use crate::app::{Policy, Session, Silent};
use crate::vocab::ExitCode;

pub(super) fn doctor() -> Result<ExitCode, Failure> {
    let facts = Session::open(Policy::default(), &mut Silent)?.machine();
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "shelflife {}", env!("CARGO_PKG_VERSION"));
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
    console::print(&text)?;
    Ok(ExitCode::Done)
}

/// A size for people.
pub(super) fn size(bytes: u64) -> String {
    const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
    let gib = bytes as f64 / GIB;
    if gib >= 1.0 { format!("{gib:.1} GiB") } else { format!("{:.0} MiB", gib * 1024.0) }
}
