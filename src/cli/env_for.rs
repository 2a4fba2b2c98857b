//! `shelflife env-for`: an environment that reads a file.

// Writing to a `String` cannot fail.
use std::fmt::Write as _;
use std::path::Path;

use super::args::EnvForArgs;
use super::audience::Audience;
use super::console;
use super::explain::fold;
use super::failure::Failure;
use super::made::{made_line, of_made};
use super::programs;
use crate::app::{EnvForRequest, Found, KEPT, Session};
use crate::present::inspection::plain;
use crate::present::trouble;
use crate::present::words::{line, plural, quoted};
use crate::vocab::{ExitCode, Standing};

pub(super) fn env_for(args: &EnvForArgs) -> Result<ExitCode, Failure> {
    let request = EnvForRequest {
        file: args.file.clone(),
        most: usize::from(args.most),
        name: args.running.run.clone(),
    };
    let mut audience = Audience::of_a_run();
    let found = Session::open(args.running.policy(Some(KEPT)), &mut audience)?.environment_for(&request)?;
    let code = ended(&found);
    if console::is_for_programs() {
        programs::answer(&answer(&found, code))?;
    } else {
        console::print(&words(&args.file, &found))?;
    }
    Ok(code)
}

pub(super) fn ended(found: &Found) -> ExitCode {
    let is_judged = |cell: &crate::vocab::CellRecord| {
        !matches!(cell.cause.standing(), Standing::NoAnswer | Standing::BadInput)
    };
    if found.foreign.is_some() {
        ExitCode::InvalidInput
    } else if found.made.is_some() {
        ExitCode::Done
    } else if found.tried.iter().any(|tried| is_judged(&tried.cell)) {
        ExitCode::Judged
    } else {
        ExitCode::CouldNotJudge
    }
}

/// What was tried, and where that leads.
pub(super) fn words(file: &Path, found: &Found) -> String {
    let width = console::terminal_width();
    let path = plain(&file.display().to_string());
    let mut text = String::new();
    if let Some(foreign) = found.foreign {
        let _ = writeln!(text, "{path}: not an artifact: it is {}", foreign.what());
        let _ = writeln!(text, "{}", fold("  next: ", foreign.help(), width));
        return text;
    }
    let count = plural(found.tried.len() as u64, "environment");
    match &found.made {
        Some(made) => {
            let _ = write!(text, "{path}: is loaded by {}", made_line(made));
        }
        None => {
            let _ = writeln!(text, "{path}: none of {count} loads it");
        }
    }
    for tried in found.tried.iter().filter(|tried| !tried.reads()) {
        let said = format!("{}: {}", tried.cell.verdict, line(&trouble(&tried.cell)));
        let _ = writeln!(text, "{}", fold(&format!("  tried {}: ", tried.text), &said, width));
    }
    if found.made.is_some() {
        let said = if found.is_writer {
            format!(
                "next: shelflife rescue {} --to scikit-learn==VERSION   makes it work in a newer release",
                quoted(&path)
            )
        } else {
            "that it loads does not say that it predicts what it predicted: give `shelflife check` what it should give, with \
             --inputs and --expected"
                .to_owned()
        };
        let _ = writeln!(text, "{}", fold("  ", &said, width));
    }
    text
}

fn answer(found: &Found, code: ExitCode) -> serde_json::Value {
    let tried = found.tried.iter().map(
        |tried| serde_json::json!({ "environment": tried.text, "reads": tried.reads(), "cell": programs::cell(&tried.cell) }),
    );
    serde_json::json!({
        "tried": tried.collect::<Vec<_>>(),
        "made": found.made.as_ref().map(of_made),
        "foreign": found.foreign,
        "folder": programs::path(&found.folder),
        "exit_code": code as u8,
    })
}
