//! The settings of a project: where they are looked for, and what they add to what was typed.

use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::environments::below;
use super::error::AppError;
use super::request::{FilesRequest, GateRequest};
use crate::artifact::{Files, Kind};
use crate::project::{self, Settings};

/// The settings of the file that is named, else those of the folder in which this process is, or of the nearest one above.
///
/// # Errors
/// When the file that counts cannot be used.
pub fn settings(named: Option<&Path>) -> Result<Option<Settings>, AppError> {
    let read = |path: &Path| Disk.read(path);
    let found = match named {
        Some(path) => project::read(path, &read).map(Some),
        None => project::find(upwards(), &read),
    };
    Ok(found?)
}

/// This folder, and those above it, as they are written from here.
fn upwards() -> impl Iterator<Item = PathBuf> {
    let depth = std::env::current_dir().map_or(0, |folder| folder.ancestors().count().saturating_sub(1));
    (0..=depth).map(|up| (0..up).map(|_| "..").collect())
}

/// What a request has taken from settings, in the words of its keys.
pub type Taken = Vec<&'static str>;

impl FilesRequest {
    /// The files of a project with all that its settings say of them, for a command that names none itself; what was typed of
    /// their inputs wins.
    #[must_use]
    pub fn of_project(self, settings: &Settings, files: &dyn Files) -> (Self, Taken) {
        let place = Place { folder: settings.folder(), files };
        let mut taken = Taken::new();
        let mut request = self;
        let artifacts: Vec<PathBuf> = settings.artifacts.iter().map(|path| place.path(path)).collect();
        take_list(&mut request.artifacts, &artifacts, "artifacts", &mut taken);
        inputs(&mut request, settings, &place, &mut taken);
        take_list(&mut request.methods, &settings.methods, "methods", &mut taken);
        let modules: Vec<PathBuf> = settings.modules.iter().map(|path| place.path(path)).collect();
        take_list(&mut request.modules, &modules, "modules", &mut taken);
        (request, taken)
    }
}

/// The environment to which a project moves, as it is written from here.
pub fn target_of(settings: &Settings, files: &dyn Files) -> Option<String> {
    settings.to.as_ref().map(|text| below(text, settings.folder(), files))
}

impl GateRequest {
    /// What was typed, completed by settings. Whatever was typed wins, and what belongs to it is not mixed: inputs come
    /// with their columns and expected values, and a matrix or a project's head brings its own environments.
    #[must_use]
    pub fn completed(self, settings: &Settings, files: &dyn Files) -> (Self, Taken) {
        let has_typed_matrix = self.is_over_a_matrix();
        let place = Place { folder: settings.folder(), files };
        let mut taken = Taken::new();
        let mut request = self;
        if request.files.artifacts.is_empty() && !settings.artifacts.is_empty() {
            taken.push("artifacts");
            request.files.artifacts = settings.artifacts.iter().map(|path| place.path(path)).collect();
        }
        if !has_typed_matrix {
            inputs(&mut request.files, settings, &place, &mut taken);
            take_list(&mut request.files.methods, &settings.methods, "methods", &mut taken);
            let modules: Vec<PathBuf> = settings.modules.iter().map(|path| place.path(path)).collect();
            take_list(&mut request.files.modules, &modules, "modules", &mut taken);
            if request.head.is_none() {
                let environment = |text: &String| below(text, place.folder, files);
                take(&mut request.from, settings.from.as_ref().map(environment), "from", &mut taken);
                take(&mut request.to, settings.to.as_ref().map(environment), "to", &mut taken);
            }
        }
        take(
            &mut request.baseline,
            settings.baseline.as_ref().map(|it| place.known(it)),
            "baseline",
            &mut taken,
        );
        take_list(&mut request.fail_on, &settings.fail_on, "fail-on", &mut taken);
        (request, taken)
    }
}

/// The folder of all runs where the command line names none.
pub fn reports_of(settings: &Settings) -> PathBuf {
    settings.folder().join(settings.reports.as_deref().unwrap_or("reports"))
}

/// What models predict on and should give, with how it is read: from the settings only where nothing of it was typed.
fn inputs(request: &mut FilesRequest, settings: &Settings, place: &Place<'_>, taken: &mut Taken) {
    let is_typed = request.inputs.is_some() || request.expected.is_some() || request.load_only;
    if is_typed {
        return;
    }
    let path = |text: &String| place.path(text);
    take(&mut request.inputs, settings.inputs.as_ref().map(path), "inputs", taken);
    take(&mut request.expected, settings.expected.as_ref().map(path), "expected", taken);
    take_list(&mut request.drop, &settings.drop, "drop", taken);
    take_list(&mut request.dtype, &settings.dtype, "dtype", taken);
}

fn take<T>(own: &mut Option<T>, other: Option<T>, key: &'static str, taken: &mut Taken) {
    if own.is_none() && other.is_some() {
        *own = other;
        taken.push(key);
    }
}

fn take_list<T: Clone>(own: &mut Vec<T>, other: &[T], key: &'static str, taken: &mut Taken) {
    if own.is_empty() && !other.is_empty() {
        own.extend_from_slice(other);
        taken.push(key);
    }
}

/// Where settings stand.
struct Place<'a> {
    folder: &'a Path,
    files: &'a dyn Files,
}

impl Place<'_> {
    /// A path, or a pattern of paths that begins with a place of its own.
    fn path(&self, text: &str) -> PathBuf {
        if text.starts_with('{') { PathBuf::from(text) } else { self.folder.join(text) }
    }

    /// A file or the folder of a run, else the name of a run.
    fn known(&self, text: &str) -> PathBuf {
        let path = self.folder.join(text);
        let is_path = text.contains('/') || text.contains('.') || self.files.kind(&path) != Kind::Missing;
        if is_path { path } else { PathBuf::from(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Memory;
    use super::*;
    use crate::vocab::Verdict;

    fn settings(path: &str) -> Settings {
        let text = "artifacts = [\"models/*.pkl\"]\ninputs = \"X.csv\"\ndrop = [\"y\"]\nfrom = \"old=requirements.txt\"\n\
                    to = \"scikit-learn==1.7.2\"\nbaseline = \"known.json\"\nfail-on = [\"roundoff\"]\n";
        project::read(Path::new(path), &|_| Ok(text.as_bytes().to_vec())).unwrap()
    }

    fn completed(typed: GateRequest, path: &str) -> (GateRequest, String) {
        let (request, taken) = typed.completed(&settings(path), &Memory::of(&[]));
        (request, taken.join(" "))
    }

    fn of(artifact: &str) -> GateRequest {
        let files = FilesRequest { artifacts: vec![artifact.into()], ..FilesRequest::default() };
        GateRequest { files, ..GateRequest::default() }
    }

    #[test]
    fn without_arguments_everything_is_taken_from_where_the_settings_stand() {
        let (request, taken) = completed(GateRequest::default(), "../shelflife.toml");
        assert_eq!(taken, "artifacts inputs drop from to baseline fail-on");
        assert_eq!(request.files.artifacts, [PathBuf::from("../models/*.pkl")]);
        assert_eq!(request.files.inputs.as_deref(), Some(Path::new("../X.csv")));
        assert_eq!(request.from.as_deref(), Some("old=../requirements.txt"));
        assert_eq!(request.to.as_deref(), Some("scikit-learn==1.7.2"));
        assert_eq!(request.baseline.as_deref(), Some(Path::new("../known.json")));
        assert_eq!(request.fail_on, [Verdict::Roundoff]);
        let (request, _) = completed(GateRequest::default(), "shelflife.toml");
        assert_eq!(request.from.as_deref(), Some("old=requirements.txt"));
        assert_eq!(reports_of(&settings("../shelflife.toml")), Path::new("../reports"));
    }

    #[test]
    fn what_was_typed_wins_and_what_belongs_to_it_is_not_mixed() {
        let typed = GateRequest { to: Some("scikit-learn==1.9.1".to_owned()), ..of("a.pkl") };
        let (request, taken) = completed(typed, "shelflife.toml");
        assert_eq!(taken, "inputs drop from baseline fail-on");
        assert_eq!(request.to.as_deref(), Some("scikit-learn==1.9.1"));
        let mut typed = of("a.pkl");
        typed.files.inputs = Some("Z.npy".into());
        let (request, taken) = completed(typed, "shelflife.toml");
        assert_eq!(taken, "from to baseline fail-on");
        assert!(request.files.drop.is_empty());
        let mut typed = of("a.pkl");
        typed.files.load_only = true;
        assert_eq!(completed(typed, "shelflife.toml").0.files.inputs, None);
        // A matrix has its own, and so has the head of a project.
        assert_eq!(completed(of("m.toml"), "shelflife.toml").1, "baseline fail-on");
        let head = GateRequest { head: Some(".".into()), ..of("museum") };
        assert_eq!(completed(head, "shelflife.toml").1, "inputs drop baseline fail-on");
    }
}
