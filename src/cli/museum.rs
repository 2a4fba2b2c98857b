//! `shelflife museum`: the models of a matrix, kept as each release saves them.

use super::args::MuseumArgs;
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{KEPT, Museum, MuseumRequest, NotKept, Session, WhyNotKept};
use crate::present;
use crate::vocab::ExitCode;

pub(super) fn museum(args: &MuseumArgs) -> Result<ExitCode, Failure> {
    let request = MuseumRequest {
        matrix: args.matrix.clone(),
        output: args.output.clone(),
        name: args.running.run.clone(),
    };
    let mut audience = Audience::of_a_run();
    let museum = Session::open(args.running.policy(Some(KEPT)), &mut audience)?.museum(&request)?;
    let code = exit_code(&museum);
    if console::is_for_programs() {
        programs::answer(&answer(&museum, code))?;
        return Ok(code);
    }
    for path in &museum.added {
        console::print(&format!("{}\n", path.display()))?;
    }
    for left in museum.left_out.iter().filter(|left| !left.is_by_design()) {
        console::warn(&format!("{} is not kept: {}", left.what, why(left)));
    }
    let absent = museum.left_out.iter().filter(|left| left.is_by_design()).count();
    let absent = match absent {
        0 => String::new(),
        absent => format!("; {absent} do not exist in their release"),
    };
    console::warn(&format!(
        "{}: {} added, {} kept as they were{absent}",
        museum.folder.display(),
        museum.added.len(),
        museum.kept
    ));
    Ok(code)
}

fn exit_code(museum: &Museum) -> ExitCode {
    if museum.interrupted {
        ExitCode::Interrupted
    } else if museum.left_out.iter().all(NotKept::is_by_design) {
        ExitCode::Done
    } else {
        ExitCode::CouldNotJudge
    }
}

fn why(left: &NotKept) -> String {
    match &left.why {
        WhyNotKept::Environment(reason) => format!("its environment could not be made: {reason}"),
        WhyNotKept::NotMade { absence: None, .. } => present::NOT_REACHED.to_owned(),
        WhyNotKept::NotMade { absence: Some(absence), id } => {
            present::absence_reason(absence, &id.producer, &id.format)
        }
        WhyNotKept::DoesNotReload => {
            "where it was made it cannot be loaded again, or does not predict".to_owned()
        }
        WhyNotKept::Random => "its outputs are random: they differ with another seed".to_owned(),
        WhyNotKept::Gone => "the cache was emptied meanwhile; run the same command again".to_owned(),
    }
}

fn answer(museum: &Museum, code: ExitCode) -> serde_json::Value {
    let left = |left: &NotKept| serde_json::json!({ "what": left.what, "why": why(left), "by_design": left.is_by_design() });
    serde_json::json!({
        "folder": programs::path(&museum.folder),
        "added": museum.added.iter().map(|path| programs::path(path)).collect::<Vec<_>>(),
        "kept": museum.kept,
        "left_out": museum.left_out.iter().map(left).collect::<Vec<_>>(),
        "exit_code": code as u8,
    })
}
