//! `shelflife attest` and `shelflife confirm`: statements about runs.

use std::collections::BTreeSet;
use std::path::Path;

use super::args::{AttestArgs, ConfirmArgs};
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{self, RunRequest, Session};
use crate::judge::{Discrepancy, Repetition};
use crate::present;
use crate::vocab::ExitCode;

pub(super) fn attest(args: &AttestArgs) -> Result<ExitCode, Failure> {
    let attested = app::attest(&args.run, &args.reports, &args.artifacts)?;
    if let Some(stranger) = attested.strangers.first() {
        return Err(Failure::NotFound {
            what: format!("`{}` is none of the artifacts of this run", stranger.display()),
            help: "give the file that the run has tried, as it was then".to_owned(),
        });
    }
    let mut text =
        serde_json::to_vec_pretty(&attested.statement).map_err(|error| Failure::Render(error.into()))?;
    text.push(b'\n');
    if args.output == Path::new("-") {
        console::print_bytes(&text)?;
        return Ok(ExitCode::Done);
    }
    present::write_file(&args.output, &text)?;
    if console::is_for_programs() {
        programs::document(&serde_json::json!({ "written": programs::path(&args.output) }))?;
    }
    console::note(&format!("wrote {}", args.output.display()));
    Ok(ExitCode::Done)
}

pub(super) fn confirm(args: &ConfirmArgs) -> Result<ExitCode, Failure> {
    let policy = args.running.policy(None);
    let attested = app::attest(&args.record, &policy.reports, &args.artifacts)?;
    let found = match &args.statement {
        Some(statement) => app::mismatches(statement, &attested)?,
        None => attested
            .strangers
            .iter()
            .map(|path| Discrepancy::File { path: path.display().to_string() })
            .collect(),
    };
    let is_bad = found.iter().any(Discrepancy::is_contradiction);
    // What is not what it says is not tried.
    let repetition = match &args.matrix {
        Some(matrix) if !is_bad => Some(repeated(args, &attested.record, matrix)?),
        Some(_) | None => None,
    };
    let code = ended(&found, is_bad, repetition.as_ref());
    if console::is_for_programs() {
        let value = serde_json::json!({
            "record": attested.record.run.name,
            "mismatches": found.iter().map(present::mismatch_line).collect::<Vec<_>>(),
            "agree": repetition.as_ref().map(|it| it.agree),
            "differ": repetition.as_ref().map(|it| &it.differ),
            "left_out": repetition.as_ref().map(|it| it.left_out),
            "unjudged": repetition.as_ref().map(|it| &it.unjudged),
            "exit_code": code as u8,
        });
        if args.matrix.is_some() && !is_bad {
            programs::answer(&value)?
        } else {
            programs::object(&value)?
        }
        return Ok(code);
    }
    let mut text = String::new();
    for mismatch in &found {
        text.push_str(&format!("{}\n", present::mismatch_line(mismatch)));
    }
    text.push_str(match (is_bad, found.is_empty(), args.statement.is_some()) {
        (true, _, _) => "refused: it does not belong to this record\n",
        (false, false, _) => "not confirmed: something is not at hand\n",
        (false, true, true) => "the statement says what the record says\n",
        (false, true, false) if !args.artifacts.is_empty() => "the files are artifacts of this record\n",
        (false, true, false) => "the record can be read\n",
    });
    if let Some(repetition) = &repetition {
        text.push_str(&present::repetition_text(repetition));
    }
    console::print(&text)?;
    Ok(code)
}

fn repeated(args: &ConfirmArgs, record: &crate::vocab::Record, matrix: &Path) -> Result<Repetition, Failure> {
    let request = RunRequest {
        matrix: matrix.to_owned(),
        selection: args.select.selection(),
        fail_on: Vec::new(),
        baseline: None,
        forecast: false,
        probe: false,
        name: Some(args.running.run.clone().unwrap_or_else(|| "confirm".to_owned())),
    };
    let mut audience = Audience::of_a_run();
    Ok(Session::open(args.running.policy(None), &mut audience)?.repeat(record, &request)?)
}

fn ended(found: &BTreeSet<Discrepancy>, is_bad: bool, repetition: Option<&Repetition>) -> ExitCode {
    let differs = repetition.is_some_and(|it| !it.differ.is_empty());
    let nothing = repetition.is_some_and(|it| it.agree == 0);
    if is_bad || differs {
        ExitCode::Judged
    } else if !found.is_empty() || nothing {
        ExitCode::CouldNotJudge
    } else {
        ExitCode::Done
    }
}
