//! `shelflife pack`: a package of a model, written inside the environment that trained it.

use super::args::PackArgs;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{PACK_HELPER, PackRequest};
use crate::vocab::ExitCode;

pub(super) fn pack(args: &PackArgs) -> Result<ExitCode, Failure> {
    // clap asks for both unless the helper is printed.
    let (Some(model), Some(inputs)) = (&args.model, &args.inputs) else {
        console::print(PACK_HELPER)?;
        return Ok(ExitCode::Done);
    };
    let request = PackRequest {
        model: model.clone(),
        inputs: inputs.clone(),
        python: args.python.clone(),
        output: args.output.clone(),
        name: args.name.clone(),
        version: args.version.clone(),
        drop: args.drop.clone(),
    };
    let packed = request.pack()?;
    packed.notes.iter().for_each(|note| console::warn(note));
    if console::is_for_programs() {
        let written: Vec<_> = packed.written.lines().collect();
        programs::document(&serde_json::json!({ "written": written, "notes": packed.notes }))?;
    } else {
        console::print(&packed.written)?;
    }
    Ok(ExitCode::Done)
}
