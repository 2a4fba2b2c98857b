//! Progress of a run.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console::{note, warn};
use crate::run::Progress;

/// So many references that are computed again are done before anybody waits for them.
const FEW_REPEATS: u64 = 200;

/// Progress of a run: one bar on a terminal, sparse plain lines elsewhere, nothing when asked to be quiet.
pub(super) struct Meter {
    bar: Option<ProgressBar>,
    quiet: bool,
    lines: bool,
    /// Quarters of the cells that were told in plain lines.
    told: u64,
    /// Quarters of the references that are computed again.
    told_repeats: u64,
    ready: u64,
}

impl Meter {
    /// `lines` says whether how far it is is told where there is no terminal.
    pub fn new(quiet: bool, lines: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let bar = (is_terminal && !quiet).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            // A literal template either always parses or never; the test below tries it.
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {wide_bar} {pos}/{len} cells  {msg}  {elapsed}")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, quiet, lines, told: 0, told_repeats: 0, ready: 0 }
    }

    pub fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(text)),
            None if self.quiet => {}
            None => note(text),
        }
    }

    /// A line that is told whoever asks for quiet.
    pub fn always(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| warn(text)),
            None => warn(text),
        }
    }

    pub fn update(&mut self, progress: &Progress) {
        let made = progress.environments_ready + progress.environments_failed;
        if let Some(bar) = &self.bar {
            bar.set_length(progress.cells);
            bar.set_position(progress.cells_done);
            bar.set_message(if made < progress.environments {
                format!("environments {made}/{}", progress.environments)
            } else if progress.trainings_done < progress.trainings {
                format!("trained {}/{}", progress.trainings_done, progress.trainings)
            } else if progress.cells_done == progress.cells && progress.repeats > 0 {
                format!("references computed again {}/{}", progress.repeats_done, progress.repeats)
            } else {
                String::new()
            });
            return;
        }
        if self.quiet || !self.lines || progress.cells == 0 {
            return;
        }
        if made > self.ready {
            self.ready = made;
            note(&format!("environments: {made} of {}", progress.environments));
        }
        let (done, all) = (progress.cells_done, progress.cells);
        if passes_a_quarter(&mut self.told, done, all) {
            note(&format!("cells: {done} of {all}"));
        }
        // How many there are is known when all cells are done.
        let are_known = done == all;
        let (done, all) = (progress.repeats_done, progress.repeats);
        if are_known && all > FEW_REPEATS && passes_a_quarter(&mut self.told_repeats, done, all) {
            note(&format!("references computed again, to see how far they move: {done} of {all}"));
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Whether more quarters are done than were told, which are told now.
fn passes_a_quarter(told: &mut u64, done: u64, all: u64) -> bool {
    let quarters = done * 4 / all;
    quarters > std::mem::replace(told, quarters.max(*told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_template_is_valid() {
        ProgressStyle::with_template("{spinner} {wide_bar} {pos}/{len} cells  {msg}  {elapsed}").unwrap();
    }
}
