//! MLflow model folders: `MLmodel` with what it is, requirements beside it, and the model itself.

use std::io::{self, Read as _};
use std::path::Path;

use serde_json::Value;

use super::files::{Files, Kind};
use super::recognise::{Seen, look};
use super::requirements::pins;
use super::rows::rows;
use crate::dataset::Dataset;
use crate::vocab::Digest;

/// The file that makes a folder an MLflow model.
pub(super) const MLMODEL: &str = "MLmodel";
/// What the tar archives of Python are padded to.
const RECORD: usize = 10_240;
/// Bytes of a folder that are taken, at most.
const MOST: usize = 4 << 30;
/// Folders below one another, at most.
const DEPTH: usize = 16;

/// A path below a folder, with slashes, and the bytes of a file; none of a folder.
pub type Entry = (String, Option<Vec<u8>>);

/// A folder that is one artifact.
#[derive(Debug)]
pub(super) struct Folder {
    /// All of it as one archive, as the agent unpacks it. Equal contents give equal bytes.
    pub bytes: Vec<u8>,
    /// What its files say.
    pub seen: Seen,
    /// The rows that were saved with it as an example.
    pub inputs: Option<Dataset>,
}

/// Reads a folder.
///
/// # Errors
/// Why it cannot be tried, in words.
pub(super) fn read(files: &dyn Files, path: &Path, notes: &mut Vec<String>) -> Result<Folder, String> {
    let mut entries = Vec::new();
    collect(files, path, "", 0, &mut entries).map_err(|error| format!("it cannot be read: {error}"))?;
    let text = |name: &str| -> Option<String> {
        let (_, bytes) = entries.iter().find(|(known, _)| known == name)?;
        String::from_utf8(bytes.clone()?).ok()
    };
    let description = text(MLMODEL).ok_or("its MLmodel file is not text")?;
    let flavors = flavors(&description);
    if !flavors.iter().any(|flavor| flavor == "sklearn") {
        return Err(format!(
            "it is an MLflow model without the flavor sklearn ({}); only scikit-learn models can be tried",
            if flavors.is_empty() { "it names none".to_owned() } else { flavors.join(", ") }
        ));
    }
    let mut seen = Seen::default();
    for (name, bytes) in &entries {
        let Some(bytes) = bytes else { continue };
        let part = look(Path::new(name), bytes);
        if name == MLMODEL || part.format.is_some() {
            seen.join(part);
        }
    }
    let (requirements, elsewhere) = text("requirements.txt").map(|text| pins(&text)).unwrap_or_default();
    seen.asked = elsewhere;
    let python = text("python_env.yaml").and_then(|text| python_of(&text));
    // Requirements are what its author wants installed; the description tells what was there.
    for (package, version) in requirements.into_iter().chain(python.map(|it| ("python".to_owned(), it))) {
        seen.versions.insert(package, version);
    }
    if let Some(version) = seen.versions.remove("mlflow") {
        // The same code without its servers and their dependencies.
        seen.versions.entry("mlflow-skinny".to_owned()).or_insert(version);
    }
    seen.take_format("mlflow");
    let handled = seen.packages.clone();
    seen.imports.retain(|_, package| !handled.contains(package));
    let inputs = text("input_example.json").and_then(|text| match example(&text) {
        Ok(inputs) => Some(inputs),
        Err(reason) => {
            notes.push(format!("input_example.json is left out: {reason}"));
            None
        }
    });
    let bytes = packed(&entries).map_err(|error| format!("it cannot be packed: {error}"))?;
    seen.digest = Some(Digest::of(&bytes));
    Ok(Folder { bytes, seen, inputs })
}

/// Everything below a folder, in order: paths with slashes, and the bytes of files.
fn collect(
    files: &dyn Files,
    folder: &Path,
    prefix: &str,
    depth: usize,
    entries: &mut Vec<(String, Option<Vec<u8>>)>,
) -> io::Result<()> {
    if depth > DEPTH {
        return Err(io::Error::other("its folders are nested too deeply"));
    }
    for path in files.list(folder)? {
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        let full = format!("{prefix}{name}");
        match files.kind(&path) {
            Kind::Folder if name != "__pycache__" => {
                entries.push((full.clone(), None));
                collect(files, &path, &format!("{full}/"), depth + 1, entries)?;
            }
            Kind::File => {
                let bytes = files.read(&path)?;
                let sum: usize = entries.iter().filter_map(|(_, bytes)| bytes.as_ref()).map(Vec::len).sum();
                if sum + bytes.len() > MOST {
                    return Err(io::Error::other("it holds more than 4 GiB"));
                }
                entries.push((full, Some(bytes)));
            }
            Kind::Dangling => {
                return Err(io::Error::other(format!("`{full}` is a link to a file that does not exist")));
            }
            Kind::Folder | Kind::Missing => {}
        }
    }
    Ok(())
}

/// One archive of names and contents only.
pub(super) fn packed(entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        let data = bytes.as_deref().unwrap_or_default();
        header.set_size(data.len() as u64);
        header.set_mode(if bytes.is_some() { 0o644 } else { 0o755 });
        header.set_entry_type(if bytes.is_some() {
            tar::EntryType::Regular
        } else {
            tar::EntryType::Directory
        });
        builder.append_data(&mut header, name, data)?;
    }
    let mut bytes = builder.into_inner()?;
    bytes.resize(bytes.len().next_multiple_of(RECORD), 0);
    Ok(bytes)
}

/// What an archive that `packed` or the agent wrote holds.
///
/// # Errors
/// When it is no such archive.
pub fn unpacked(bytes: &[u8]) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let is_below = !name.starts_with('/') && name.split('/').all(|part| part != "..");
        if !is_below {
            return Err(io::Error::other(format!("`{name}` is not below the folder")));
        }
        if entry.header().entry_type().is_dir() {
            entries.push((name, None));
        } else if entry.header().entry_type().is_file() {
            let mut data = Vec::new();
            entry.read_to_end(&mut data)?;
            entries.push((name, Some(data)));
        }
    }
    Ok(entries)
}

/// The names under `flavors:`.
fn flavors(description: &str) -> Vec<String> {
    let mut lines = description.lines().skip_while(|line| line.trim_end() != "flavors:").skip(1).peekable();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let first = lines.peek().map_or(0, |line| indent(line));
    lines
        .take_while(|line| indent(line) > 0 && indent(line) >= first)
        .filter(|line| indent(line) == first)
        .filter_map(|line| Some(line.trim().strip_suffix(':')?.to_owned()))
        .collect()
}

/// The interpreter of a `python_env.yaml`.
fn python_of(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix("python:"))?;
    let value = value.trim().trim_matches(['\'', '"']).trim_start_matches('=');
    value.starts_with(|c: char| c.is_ascii_digit()).then(|| value.to_owned())
}

/// The rows of an input example: pandas' split form, rows, or what an endpoint would be sent.
fn example(text: &str) -> Result<Dataset, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let names = |value: &Value| -> Option<Vec<String>> {
        value.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
    };
    if let (Some(columns), Some(data)) = (value.get("columns"), value.get("data")) {
        let names = names(columns);
        let is_named = names.is_some();
        let mut dataset = rows(data, names)?;
        dataset.dataframe = is_named;
        return Ok(dataset);
    }
    rows(value.get("inputs").unwrap_or(&value), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flavors_and_interpreters_are_read_as_mlflow_writes_them() {
        let text = "artifact_path: model\nflavors:\n  python_function:\n    env:\n      conda: conda.yaml\n  sklearn:\n    \
                    code: null\nmlflow_version: 2.9\n";
        assert_eq!(flavors(text), ["python_function", "sklearn"]);
        assert!(flavors("model_uuid: 1\n").is_empty());
        assert_eq!(python_of("python: 3.11.7\nbuild_dependencies:\n- pip\n").as_deref(), Some("3.11.7"));
        assert_eq!(python_of("python: null\n"), None);
    }

    #[test]
    fn examples_are_rows_with_names_or_without() {
        let named = example(r#"{"columns": ["a", "b"], "data": [[1.0, 2.0], [3.0, 4.0]]}"#).unwrap();
        assert!(named.dataframe && named.rows == 2);
        assert_eq!(example("[[1.0, 2.0]]").unwrap().rows, 1);
        assert_eq!(example(r#"{"inputs": [[1.0], [2.0]]}"#).unwrap().rows, 2);
        assert!(example("3").is_err());
    }

    #[test]
    fn archives_depend_on_names_and_contents_only() {
        let entries = vec![
            ("a".to_owned(), None),
            ("a/long".repeat(40), Some(vec![1; 700])),
            ("b".to_owned(), Some(Vec::new())),
        ];
        let bytes = packed(&entries).unwrap();
        assert_eq!(bytes.len() % RECORD, 0);
        assert_eq!(bytes, packed(&entries).unwrap());
        let mut archive = tar::Archive::new(bytes.as_slice());
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(
            names.iter().map(|name| name.trim_end_matches('/')).collect::<Vec<_>>(),
            ["a", "a/long".repeat(40).as_str(), "b"]
        );
    }
}
