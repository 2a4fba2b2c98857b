//! What came of each file as facts, and as files beside one another: the rescued model, its record, its page, its script.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::case::{Case, is_to_be_mended};
use super::errands::{holds, lacks_inputs};
use super::keep::keep;
use super::places::{ENDINGS, beside, taken};
use super::survey::Survey;
use super::{RescueItem, Rescued};
use crate::app::error::AppError;
use crate::app::request::RescueRequest;
use crate::app::session::Session;
use crate::artifact;
use crate::explain::{COMPANIONS, MENDS};
use crate::inspect::{self, InspectOptions};
use crate::judge::{self, Proof};
use crate::present::{self, RescueView, ScriptParts};
use crate::vocab::{
    Digest, EnvName, EnvironmentRecord, MendOutcome, RESCUE_VERSION, Refused, RescueEnvironment, RescueFile,
    RescueRecord, RescueResult, Runtime, TranslateOutcome, Translation, Way, Wrapping,
};
use crate::worker::ENGINE;

impl Session<'_> {
    /// Says what came of the files, and writes what is to be written.
    pub(super) fn written(
        &mut self,
        survey: &Survey,
        cases: Vec<Case>,
        request: &RescueRequest,
    ) -> Result<Rescued, AppError> {
        let mut items = Vec::with_capacity(cases.len());
        for case in &cases {
            items.push(self.item(survey, case, request)?);
        }
        Ok(Rescued {
            items,
            left_out: survey.record.left_out.clone(),
            folder: survey.folder.clone(),
            is_dry: request.output.is_none(),
        })
    }

    fn item(&self, survey: &Survey, case: &Case, request: &RescueRequest) -> Result<RescueItem, AppError> {
        let mut record = record(survey, case, request.allow_unproven);
        let (mut written, mut page, mut kept) = (None, None, None);
        let is_new = match &record.result {
            RescueResult::Rescued { way: Way::Mended | Way::Translated, .. } => true,
            RescueResult::Rescued { way: Way::AsItIs, .. } | RescueResult::Refused { .. } => false,
        };
        if let Some(place) = &case.place {
            let parcel = is_new.then(|| self.parcel(case, place, request.script));
            match parcel {
                Some(Ok(parcel)) => {
                    page = Some(write_all(place, &parcel, case, &mut record, request.script)?);
                    written = Some(place.clone());
                }
                Some(Err(why)) => record.result = RescueResult::Refused { why: *why },
                None => {}
            }
            kept = keep(survey, case, &record, place)?;
        }
        Ok(RescueItem { record, written, page, kept })
    }

    /// What is to be written of a case.
    fn parcel(&self, case: &Case, place: &Path, script: bool) -> Result<Parcel, Box<Refused>> {
        // Somebody may have taken the name in the meantime.
        if let Some(path) = taken(place, script) {
            return Err(Box::new(Refused::Exists { path: path.display().to_string() }));
        }
        // It was read a moment ago, and lives in the cache of this machine.
        let bytes = case.new_bytes().and_then(|(digest, _)| self.cache.object(&digest));
        let bytes = bytes.ok_or_else(|| Box::new(Refused::NotTried))?;
        let not_packed = |error: std::io::Error| Box::new(Refused::NotPacked { says: error.to_string() });
        match wrapping(case) {
            None => Ok(Parcel::File(bytes)),
            Some(Wrapping::Folder) => artifact::unpacked(&bytes).map(Parcel::Folder).map_err(not_packed),
            Some(Wrapping::Archive) => repacked(case, &bytes).map(Parcel::File).map_err(not_packed),
        }
    }
}

/// What is written: one file, or a folder.
enum Parcel {
    File(Vec<u8>),
    Folder(Vec<artifact::Entry>),
}

/// What the new file of a case is in.
fn wrapping(case: &Case) -> Option<Wrapping> {
    let file = case.file().filter(|file| case.translated.is_none() && file.packed.is_some())?;
    Some(if file.path.is_dir() { Wrapping::Folder } else { Wrapping::Archive })
}

/// What a model was in, with the new one in its place.
fn repacked(case: &Case, model: &[u8]) -> std::io::Result<Vec<u8>> {
    let path = case.file().map(|file| file.path.as_path()).unwrap_or(Path::new(""));
    let old = crate::store::read_input(path)?;
    let inspection = inspect::inspect(Cursor::new(&old), InspectOptions::FACTS);
    let new = inspect::replaced(&old, &inspection, model)?;
    // What was verified is what a reader of the new file gets.
    let again = inspect::inspect(Cursor::new(&new), InspectOptions::FACTS);
    match inspect::contained(Cursor::new(&new), &again)? {
        Some(inner) if inner == model => Ok(new),
        Some(_) | None => Err(std::io::Error::other("another model would be read from it")),
    }
}

/// Writes the modules, the record, the pages and the script of a model, and at last the model itself: one that stands there
/// has its record. Gives the page.
fn write_all(
    place: &Path,
    parcel: &Parcel,
    case: &Case,
    record: &mut RescueRecord,
    script: bool,
) -> Result<PathBuf, AppError> {
    let (digest, size) = match parcel {
        Parcel::File(bytes) => (Digest::of(bytes), bytes.len() as u64),
        Parcel::Folder(_) => case.new_bytes().unwrap_or((Digest::of(b""), 0)),
    };
    record.rescued = Some(RescueFile {
        path: place.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        digest,
        size,
        format: case.new_format().name.clone(),
    });
    for (name, source) in COMPANIONS.iter().filter(|(name, _)| record.companions.iter().any(|it| it == name))
    {
        let path = place.with_file_name(format!("{name}.py"));
        // Several models of a folder need the same module.
        if !path.exists() {
            present::write_new(&path, source.as_bytes())?;
        }
    }
    let page = write_beside(place, record, script)?;
    match parcel {
        Parcel::File(bytes) => present::write_new(place, bytes)?,
        Parcel::Folder(entries) => {
            let files = entries.iter().filter_map(|(name, bytes)| Some((name.as_str(), bytes.as_deref()?)));
            present::write_new_folder(place, files)?;
        }
    }
    Ok(page)
}

const PAGE: &str = "rescue.html";

/// How one of the files beside a model is written.
type Writer = fn(&RescueView<'_>) -> Vec<u8>;

/// What stands beside a rescued model, in the order of [`ENDINGS`].
static BESIDE: [Writer; ENDINGS.len()] = [
    |view| present::rescue_json(view.record),
    present::rescue_markdown,
    present::rescue_html,
    |view| {
        let parts = ScriptParts { engine: &ENGINE, mends: &MENDS, companions: &COMPANIONS };
        present::rescue_script(view, &parts)
    },
];

/// Writes the record, the pages and the script of a model that is to be written; gives the page.
fn write_beside(place: &Path, record: &RescueRecord, script: bool) -> Result<PathBuf, AppError> {
    let view = RescueView { record };
    let is_mended = matches!(&record.result, RescueResult::Rescued { way: Way::Mended, .. });
    let count = if script && is_mended { ENDINGS.len() } else { ENDINGS.len() - 1 };
    for (ending, writer) in ENDINGS.iter().zip(&BESIDE).take(count) {
        present::write_new(&beside(place, ending), &writer(&view))?;
    }
    Ok(beside(place, PAGE))
}

/// The facts of a case.
fn record(survey: &Survey, case: &Case, allow_unproven: bool) -> RescueRecord {
    let environment = |name: &EnvName| survey.record.environments.iter().find(|known| known.name == *name);
    let (changes, keys, mends, companions, would_use) = match &case.mended {
        Some((MendOutcome::Mended { changes, keys, mends, companions, would_use }, _)) => {
            (changes.clone(), Some(keys.clone()), mends.clone(), companions.clone(), would_use.clone())
        }
        Some(_) | None => Default::default(),
    };
    let producer = environment(&case.artifact.producer).filter(|it| it.runtime != Runtime::UnknownProducer);
    let file = case.file();
    RescueRecord {
        format_version: RESCUE_VERSION,
        shelflife: env!("CARGO_PKG_VERSION").to_owned(),
        time: jiff::Timestamp::now().to_string(),
        result: result(case, allow_unproven),
        original: RescueFile {
            path: file.map(|file| file.declared_path.clone()).unwrap_or_default(),
            digest: case.artifact.digest.unwrap_or_else(|| crate::vocab::Digest::of(b"")),
            size: case.artifact.size.unwrap_or_default(),
            format: case.format.name.clone(),
        },
        rescued: None,
        producer: producer.map(facts_of),
        producer_fails: case.artifact.producer_fails.as_ref().is_some_and(|outcome| !lacks_inputs(outcome)),
        target: environment(&survey.target).map(facts_of).unwrap_or_else(|| RescueEnvironment {
            name: survey.target.clone(),
            python: String::new(),
            packages: Default::default(),
            lock: None,
        }),
        before: Some(case.before.clone()),
        changes,
        keys,
        mends,
        companions,
        would_use,
        translation: translation(case),
        wrapping: wrapping(case),
        verified: case.verified.clone(),
        probes: case.probes.as_ref().map(|(probes, _)| probes.clone()),
        refuses_gaps: case.refuses_gaps,
        notes: file.map(|file| file.notes.clone()).unwrap_or_default(),
    }
}

/// That a case is of another format now.
fn translation(case: &Case) -> Option<Translation> {
    let translated = case.translated.as_ref()?;
    let TranslateOutcome::Written { outputs } = &translated.outcome else { return None };
    Some(Translation {
        about: translated.format.about.clone(),
        holds: holds(&translated.format),
        written_in: translated.written_in.clone(),
        outputs: outputs.clone(),
    })
}

fn facts_of(environment: &EnvironmentRecord) -> RescueEnvironment {
    RescueEnvironment {
        name: environment.name.clone(),
        python: environment.python.clone(),
        packages: environment.packages.clone(),
        lock: environment.lock,
    }
}

/// What came of a case.
fn result(case: &Case, allow_unproven: bool) -> RescueResult {
    if let Some(why) = &case.refused {
        return RescueResult::Refused { why: why.clone() };
    }
    if is_to_be_mended(case) {
        // The target's environment was there for a cell, and not for the mending.
        return RescueResult::Refused { why: Refused::NotTried };
    }
    let way = match (&case.translated, &case.mended) {
        (Some(_), _) => Way::Translated,
        (None, Some(_)) => Way::Mended,
        (None, None) => Way::AsItIs,
    };
    match judge::proof(&case.verified) {
        Proof::Proven => RescueResult::Rescued { way, unproven: None },
        Proof::Contradicted => RescueResult::Refused { why: Refused::NotVerified },
        Proof::None(why) if allow_unproven => RescueResult::Rescued { way, unproven: Some(why) },
        Proof::None(why) => RescueResult::Refused { why: Refused::Unproven { why } },
    }
}
