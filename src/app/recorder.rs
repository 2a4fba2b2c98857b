//! Keeps the events of a run and passes them on.

use std::io;
use std::path::PathBuf;

use super::listener::{Listener, Notice};
use crate::present::EventLog;
use crate::run::{Progress, Reporter};
use crate::vocab::Event;

/// Writes each event down before anybody else hears of it.
pub(super) struct Recorder<'a> {
    path: PathBuf,
    log: Option<EventLog>,
    listener: &'a mut dyn Listener,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(path: PathBuf, listener: &'a mut dyn Listener) -> Self {
        Self { path, log: None, listener }
    }

    /// The log, which is made with the first event: a run that never starts leaves nothing behind.
    fn log(&mut self) -> io::Result<&mut EventLog> {
        let log = match self.log.take() {
            Some(log) => log,
            None if self.path.exists() => EventLog::append_to(&self.path).map_err(io::Error::other)?,
            None => EventLog::create(&self.path).map_err(io::Error::other)?,
        };
        Ok(self.log.insert(log))
    }
}

impl Reporter for Recorder<'_> {
    fn record(&mut self, event: &Event) -> io::Result<()> {
        self.log()?.write(event).map_err(io::Error::other)?;
        self.listener.event(event)
    }

    fn progress(&mut self, progress: &Progress) {
        self.listener.progress(progress);
    }

    fn note(&mut self, text: &str) {
        self.listener.doing(text);
    }

    fn moved(&mut self, text: &str) {
        self.listener.moved(text);
    }

    fn retrying(&mut self, cells: usize) {
        self.listener.notice(Notice::Retrying { cells });
    }
}
