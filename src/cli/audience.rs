//! The people and programs in front of a command: what they hear while something is done.

use std::io;

use super::console;
use super::meter::Meter;
use super::notices;
use super::programs;
use crate::app::{Listener, Notice};
use crate::run::Progress;
use crate::vocab::Event;

/// Notes and progress go to standard error, events to standard output where they are asked for.
pub(super) struct Audience {
    /// Made when there is something to show, so that no bar stands there before.
    meter: Option<Meter>,
    is_quiet: bool,
    is_streaming: bool,
    /// What programs are told of each environment that was made, or could not be.
    prepared: Option<fn(&Notice) -> Option<serde_json::Value>>,
}

impl Audience {
    /// For commands that run something.
    pub(super) fn of_a_run() -> Self {
        let is_streaming = console::is_for_programs();
        Self { is_quiet: console::is_quiet() || is_streaming, is_streaming, ..Self::plain() }
    }

    /// For commands without events.
    pub(super) fn plain() -> Self {
        Self { meter: None, is_quiet: console::is_quiet(), is_streaming: false, prepared: None }
    }

    /// For a command that makes environments: programs are told of each as `words` say.
    pub(super) fn of_making(words: fn(&Notice) -> Option<serde_json::Value>) -> Self {
        Self { prepared: console::is_for_programs().then_some(words), ..Self::plain() }
    }
}

impl Listener for Audience {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if !self.is_streaming {
            return Ok(());
        }
        let mut line = serde_json::to_vec(event).map_err(io::Error::other)?;
        line.push(b'\n');
        console::print_bytes(&line).map_err(io::Error::other)
    }

    fn progress(&mut self, progress: &Progress) {
        self.meter.get_or_insert_with(|| Meter::new(self.is_quiet)).update(progress);
    }

    fn doing(&mut self, text: &str) {
        match &self.meter {
            Some(meter) => meter.note(text),
            None if self.is_quiet => {}
            None => console::note(text),
        }
    }

    fn notice(&mut self, notice: Notice) {
        if let Some(object) = self.prepared.and_then(|words| words(&notice)) {
            // Whoever closed the pipe has read enough; what is made is made all the same.
            let _ = programs::object(&object);
            return;
        }
        if console::is_quiet() && notices::is_note(&notice) {
            return;
        }
        let text = notices::words(&notice);
        match &self.meter {
            Some(meter) => meter.always(&text),
            None => console::warn(&text),
        }
    }

    fn may_install(&mut self, packages: &[&str]) -> bool {
        console::agrees(&format!(
            "Some environments need Debian packages that are not installed here.\nRun `sudo apt-get install -y {}` now?",
            packages.join(" ")
        ))
    }

    fn idle(&mut self) {
        if let Some(meter) = self.meter.take() {
            meter.finish();
        }
    }
}
