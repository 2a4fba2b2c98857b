//! `shelflife bisect`: the first release in which an artifact does worse.

use std::fmt::Write as _;

use super::args::BisectArgs;
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{BisectRequest, Bisected, KEPT, Session, Step};
use crate::present;
use crate::vocab::ExitCode;

pub(super) fn bisect(args: &BisectArgs) -> Result<ExitCode, Failure> {
    let request = BisectRequest {
        files: args.files.request(),
        good: args.good.clone(),
        bad: args.bad.clone(),
        package: args.package.clone(),
        with: args.with.clone(),
        name: args.running.run.clone(),
    };
    let mut audience = Audience::of_a_run();
    let found = Session::open(args.running.policy(Some(KEPT)), &mut audience)?.bisect(&request)?;
    let text = words(&found);
    if console::is_for_programs() {
        programs::answer(&answer(&found))?;
    } else {
        console::print(&text)?;
    }
    present::write_file(&found.folder.join("bisect.txt"), text.as_bytes())?;
    Ok(ExitCode::Done)
}

/// Both releases, and what lies between them.
fn answer(found: &Bisected) -> serde_json::Value {
    let step = |step: &Step| serde_json::json!({ "release": step.release, "python": step.python, "cell": programs::cell(&step.cell) });
    let skipped = found.skipped.iter();
    let skipped = skipped
        .map(|(release, cell)| serde_json::json!({ "release": release, "cell": programs::cell(cell) }));
    serde_json::json!({
        "package": found.package,
        "good": step(&found.good),
        "bad": step(&found.bad),
        "moved": found.moved,
        "beside": found.beside(),
        "between": found.between,
        "skipped": skipped.collect::<Vec<_>>(),
        "tried": found.tried,
        "releases": found.releases,
        "folder": programs::path(&found.folder),
        "exit_code": ExitCode::Done as u8,
    })
}

fn words(found: &Bisected) -> String {
    let Bisected { package, good, bad, .. } = found;
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        text,
        "{}: {} with {package} {}, {} with {}",
        bad.cell.model, good.cell.verdict, good.release, bad.cell.verdict, bad.release
    );
    let mut line = |head: &str, rest: &str| {
        let _ = writeln!(text, "  {head:<10}  {rest}");
    };
    line("last good", &format!("{package} {}", good.release));
    line("first bad", &format!("{package} {}", bad.release));
    line("what", &present::trouble(&bad.cell));
    if let Some(rule) = &bad.cell.rule {
        line("known as", rule);
    }
    if let Some(it) = found.beside() {
        let before = it.before.as_deref().unwrap_or("VERSION");
        let other = &it.package;
        line(
            "because of",
            &format!(
                "{it}, which moved with it: --with {other}=={before} holds it, --package {other} searches it"
            ),
        );
    }
    if let Some(blame) = &bad.cell.blame {
        line("raised in", blame);
    }
    if good.python != bad.python {
        line("also moves", &format!("python {} -> {}", good.python, bad.python));
    }
    line("locks", &format!("{} moved", found.moved.len()));
    for it in &found.moved {
        line("", &it.to_string());
    }
    if !found.between.is_empty() {
        line("between", &format!("{} had no verdict: it may be one of them", found.between.join(", ")));
    }
    for (release, cell) in &found.skipped {
        let reason = present::reason(cell).unwrap_or_default();
        line("skipped", &format!("{release}: {}", reason.lines().next().unwrap_or_default()));
    }
    let (tried, releases, folder) = (found.tried, found.releases, found.folder.display());
    line("tried", &format!("{tried} of {releases} releases; each is a run under {folder}"));
    text
}
