//! `shelflife bugreport`: what to attach to a report about a wrong verdict.

use super::args::BugreportArgs;
use super::audience::Audience;
use super::console;
use super::doctor;
use super::failure::Failure;
use super::programs;
use crate::app::{self, Bundle, Policy, Session};
use crate::vocab::ExitCode;

pub(super) fn bugreport(args: &BugreportArgs) -> Result<ExitCode, Failure> {
    let mut audience = Audience::plain();
    let machine = Session::open(Policy::default(), &mut audience)?.machine();
    let machine = format!("{:#}\n", doctor::answer(&machine));
    let Bundle { path, files } = app::bundle(&args.run, &args.reports, &machine, &args.output)?;
    if console::is_for_programs() {
        let files: Vec<_> =
            files.iter().map(|(name, bytes)| serde_json::json!({ "name": name, "bytes": bytes })).collect();
        programs::document(&serde_json::json!({ "written": programs::path(&path), "files": files }))?;
    } else {
        console::print(&format!("{} was written:\n", path.display()))?;
        for (name, bytes) in &files {
            console::print(&format!("  {name} ({bytes} bytes)\n"))?;
        }
        console::note(
            "it holds no model and no inputs; names of models, columns, paths and packages, and what files raised, stand in it: \
             read it before you send it",
        );
    }
    Ok(ExitCode::Done)
}
