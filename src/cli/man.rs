//! `shelflife man`: the man pages, from what can be typed.

use std::path::PathBuf;

use super::args::{self, ManArgs};
use super::console;
use super::failure::Failure;
use super::programs;
use crate::present::words::plural;
use crate::present::write_file;
use crate::vocab::ExitCode;

pub(super) fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    let mut command = args::command();
    // Names of subcommands are whole from here on: `shelflife-env-prune`.
    command.build();
    let mut written = Vec::new();
    write(&command, args, &mut written)?;
    if console::is_for_programs() {
        let written: Vec<String> = written.iter().map(|path| programs::path(path)).collect();
        programs::document(&serde_json::json!({ "written": written }))?;
    } else {
        let count = plural(written.len() as u64, "page");
        console::print(&format!("{count} in {}: man -l {}\n", args.output.display(), written[0].display()))?;
    }
    Ok(ExitCode::Done)
}

/// Writes the page of a command, then those of its subcommands.
fn write(command: &clap::Command, args: &ManArgs, written: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command.clone()).render(&mut page);
    rendered.map_err(Failure::Output)?;
    let path = args.output.join(format!("{name}.1"));
    write_file(&path, &page)?;
    written.push(path);
    let own = command.get_subcommands().filter(|it| it.get_name() != "help" && !it.is_hide_set());
    own.into_iter().try_for_each(|command| write(command, args, written))
}
