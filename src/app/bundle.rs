//! What somebody attaches to a report about a run: its record, what it came to, its locks; no byte of a model or of inputs.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::disk::Disk;
use super::error::{AppError, Doing};
use super::known::{EVENTS, open_run};
use crate::artifact::Files;
use crate::present;

/// What was put together.
#[derive(Debug)]
pub struct Bundle {
    /// The archive.
    pub path: PathBuf,
    /// The files in it, with their sizes.
    pub files: Vec<(String, usize)>,
}

/// What is taken of a run beside its record and its locks.
const TAKEN: &[&str] = &["results.json", "gate.md"];
/// What stands in the place of the home folder.
const HOME: &[u8] = b"~";

/// Puts the record of a run together with what is known of this machine. Nothing is ever overwritten.
///
/// # Errors
/// When there is no such run, or the archive cannot be written.
pub fn bundle(run: &Path, reports: &Path, machine: &str, output: &Path) -> Result<Bundle, AppError> {
    let (folder, _) = open_run(run, reports)?;
    let mut files = vec![("machine.json".to_owned(), machine.as_bytes().to_vec())];
    for name in [EVENTS].iter().chain(TAKEN) {
        if let Ok(bytes) = Disk.read(&folder.join(name)) {
            files.push(((*name).to_owned(), bytes));
        }
    }
    for lock in Disk.list(&folder.join("locks")).unwrap_or_default() {
        let name = lock.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Ok(bytes) = Disk.read(&lock) {
            files.push((format!("locks/{name}"), bytes));
        }
    }
    let home = std::env::var_os("HOME").map(|home| home.to_string_lossy().into_owned());
    for (_, bytes) in &mut files {
        *bytes = without_home(bytes, home.as_deref().unwrap_or_default());
    }
    let archive = packed(&files).map_err(|source| AppError::Machine { doing: Doing::Pack, source })?;
    present::write_new(output, &archive)?;
    let files = files.into_iter().map(|(name, bytes)| (name, bytes.len())).collect();
    Ok(Bundle { path: output.to_owned(), files })
}

/// Bytes in which the home folder has no name: who reports need not say who they are.
fn without_home(bytes: &[u8], home: &str) -> Vec<u8> {
    // A home of one level, such as `/` or `/root`, names nobody, and would be found where it is not meant.
    if home.matches('/').count() < 2 {
        return bytes.to_vec();
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memmem::find(rest, home.as_bytes()) {
        kept.extend_from_slice(&rest[..at]);
        kept.extend_from_slice(HOME);
        rest = &rest[at + home.len()..];
    }
    kept.extend_from_slice(rest);
    kept
}

/// The same files give the same bytes.
fn packed(files: &[(String, Vec<u8>)]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("shelflife-bugreport/{name}"), bytes.as_slice())?;
    }
    let mut compressed = archive.into_inner()?;
    compressed.flush()?;
    compressed.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_has_the_record_and_no_name_of_a_home() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("reports/first");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/example");
        fs_err::create_dir_all(run.join("locks")).unwrap();
        fs_err::copy(example.join(EVENTS), run.join(EVENTS)).unwrap();
        fs_err::write(run.join("locks/a.json"), "{}").unwrap();
        fs_err::write(run.join("model.pkl"), "never").unwrap();
        let output = folder.path().join("b.tar.gz");
        let bundle =
            |output: &Path| super::bundle(Path::new("first"), &folder.path().join("reports"), "{}", output);
        let made = bundle(&output).unwrap();
        let names: Vec<&str> = made.files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["machine.json", EVENTS, "locks/a.json"]);
        assert!(matches!(bundle(&output), Err(AppError::Sink(_))), "it was overwritten");
        let gone = super::bundle(Path::new("gone"), folder.path(), "{}", &folder.path().join("c.tar.gz"));
        assert!(matches!(gone, Err(AppError::Unreadable { .. })));
        let mut read = tar::Archive::new(flate2::read::GzDecoder::new(fs_err::File::open(&output).unwrap()));
        assert_eq!(read.entries().unwrap().count(), 3);
    }

    #[test]
    fn homes_are_taken_out_wherever_they_stand() {
        let seen = |text: &str, home: &str| String::from_utf8(without_home(text.as_bytes(), home)).unwrap();
        assert_eq!(seen("at /home/ann/x and /home/ann", "/home/ann"), "at ~/x and ~");
        assert_eq!(seen("at /srv/x", "/srv"), "at /srv/x");
        assert_eq!(seen("at /x", ""), "at /x");
    }
}
