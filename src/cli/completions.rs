//! `shelflife completions`: what a shell needs to complete this command line.

use clap_complete::aot;

use super::args::{self, CompletionsArgs, Shell};
use super::console;
use super::failure::Failure;
use super::programs;
use crate::vocab::ExitCode;

pub(super) fn completions(args: CompletionsArgs) -> Result<ExitCode, Failure> {
    let text = text(args.shell);
    if console::is_for_programs() {
        programs::document(&serde_json::json!({ "completions": String::from_utf8_lossy(&text) }))?;
    } else {
        console::print_bytes(&text)?;
    }
    Ok(ExitCode::Done)
}

fn text(shell: Shell) -> Vec<u8> {
    let generator = match shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
    };
    let mut text = Vec::new();
    aot::generate(generator, &mut args::command(), "shelflife", &mut text);
    text
}
