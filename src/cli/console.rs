//! Speaking to people and programs: data goes to standard output, everything else to standard error; progress bars
//! only on a terminal.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::Failure;

/// Prints data to standard output; styles are stripped where they would not show.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut output = anstream::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Failure::Output),
    }
}

/// Prints bytes to standard output as they are.
pub(super) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Failure::Output),
    }
}

/// What is piped in, as text; at most a MiB, which no message needs.
pub(super) fn read_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(1 << 20).read_to_end(&mut bytes);
    read.map_err(Failure::Input)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether notes are left out.
static IS_QUIET: AtomicBool = AtomicBool::new(false);
/// Whether programs read standard output.
static IS_FOR_PROGRAMS: AtomicBool = AtomicBool::new(false);

/// Says once whether notes are left out, and whether programs read standard output.
pub(super) fn speak(quietly: bool, to_programs: bool) {
    IS_QUIET.store(quietly, Ordering::Relaxed);
    IS_FOR_PROGRAMS.store(to_programs, Ordering::Relaxed);
}

/// Whether programs read standard output, so that nothing but JSON may stand there.
pub(super) fn is_for_programs() -> bool {
    IS_FOR_PROGRAMS.load(Ordering::Relaxed)
}

/// Whether notes are left out.
pub(super) fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Prints a line to standard error that nobody has to read: how far it is, what was written where.
pub(super) fn note(text: &str) {
    if !is_quiet() {
        warn(text);
    }
}

/// Prints a line to standard error, whoever asks for quiet: what is wrong, or other than was asked for.
pub(super) fn warn(text: &str) {
    // With standard error closed there is nobody left to tell.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Asks a question that is answered with yes or no. Where nobody sits at a terminal the answer is no.
pub(super) fn agrees(question: &str) -> bool {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return false;
    }
    // With standard error closed nobody could have read the question.
    if write!(anstream::stderr().lock(), "{question} [y/N] ").is_err() {
        return false;
    }
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Prints a failure with its place and its remedy to standard error.
pub(super) fn explain(failure: &Failure) {
    let width = terminal_width();
    let theme = if has_colour() {
        miette::GraphicalTheme::unicode()
    } else {
        miette::GraphicalTheme::unicode_nocolor()
    };
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
    let mut text = String::new();
    if handler.render_report(&mut text, failure).is_err() {
        text = format!("error: {failure}");
    }
    warn(text.trim_end());
}

/// Whether standard error shows colours.
pub(super) fn has_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
        && std::io::stderr().is_terminal()
}

/// Columns of the terminal, 100 where there is none.
pub(super) fn terminal_width() -> usize {
    let declared = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured =
        || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    declared.or_else(measured).unwrap_or(100).clamp(40, 140)
}
