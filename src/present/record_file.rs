//! A record that is written all at once: it gets its name when it is whole.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use fs_err::File;

use super::error::RenderError;
use super::sink::SinkError;
use crate::store;
use crate::vocab::Event;

/// The record of a run that is put together from others. Whoever reads the folder of the run sees the whole of it, or
/// nothing.
#[derive(Debug)]
pub struct RecordFile {
    /// Where it is being written: beside the folder of the run, so that what stands in that can be moved away.
    path: PathBuf,
    folder: PathBuf,
    file: BufWriter<File>,
}

impl RecordFile {
    /// Begins one for the folder of a run. What an earlier process left of one is overwritten.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(folder: &Path) -> Result<Self, SinkError> {
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let name = absolute.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = absolute.with_file_name(format!(".{name}.merging"));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(refused(&path))?;
        }
        let file = File::create(&path).map_err(refused(&path))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 20, file), path, folder: absolute })
    }

    /// Appends an event.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, event: &Event) -> Result<(), SinkError> {
        if let Err(error) = serde_json::to_writer(&mut self.file, event) {
            return Err(match error.io_error_kind() {
                Some(kind) => refused(&self.path)(io::Error::new(kind, error)),
                None => SinkError::Render { path: self.path.clone(), source: RenderError::from(error) },
            });
        }
        self.file.write_all(b"\n").map_err(refused(&self.path))
    }

    /// Gives it its name in the folder of the run.
    ///
    /// # Errors
    /// When it cannot be written to its end.
    pub fn finish(self, name: &str) -> Result<(), SinkError> {
        let file = self.file.into_inner().map_err(|error| refused(&self.path)(error.into_error()))?;
        drop(file);
        fs::create_dir_all(&self.folder).map_err(refused(&self.folder))?;
        fs::rename(&self.path, self.folder.join(name)).map_err(refused(&self.folder))
    }

    /// Leaves nothing of it.
    pub fn abandon(self) {
        // What cannot be removed is overwritten by the next one.
        let _ = fs::remove_file(&self.path);
    }
}

fn refused(path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    let path = path.to_owned();
    move |source| SinkError::Write { source: store::with_room(&path, source), path }
}
