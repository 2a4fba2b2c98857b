//! What came of each file as facts, and as files beside one another: the rescued model, its record, its page, its script.

use std::path::{Path, PathBuf};

use super::case::Case;
use super::keep::keep;
use super::places::{beside, is_folder, places};
use super::{RescueItem, Rescued, Survey, is_to_be_mended};
use crate::app::error::AppError;
use crate::app::request::RescueRequest;
use crate::app::session::Session;
use crate::artifact;
use crate::explain::{COMPANIONS, ENGINE, MENDS};
use crate::judge::{self, Proof};
use crate::present::{self, RescueView, ScriptParts};
use crate::vocab::{
    EnvName, EnvironmentRecord, MendOutcome, RESCUE_VERSION, Refused, RescueEnvironment, RescueFile,
    RescueRecord, RescueResult, Runtime, Way,
};

impl Session<'_> {
    /// Says what came of the files, and writes what is to be written.
    pub(super) fn written(
        &mut self,
        survey: &Survey,
        cases: Vec<Case>,
        request: &RescueRequest,
    ) -> Result<Rescued, AppError> {
        let paths: Vec<PathBuf> = cases
            .iter()
            .map(|case| PathBuf::from(case.file().map_or("", |file| file.declared_path.as_str())))
            .collect();
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let places = request
            .output
            .as_deref()
            .map(|output| places(output, is_folder(output, output.is_dir(), cases.len()), &paths));
        let mut items = Vec::with_capacity(cases.len());
        for (index, case) in cases.into_iter().enumerate() {
            let place = places.as_ref().map(|places| places[index].as_path());
            items.push(self.item(survey, &case, place, request)?);
        }
        Ok(Rescued {
            items,
            left_out: survey.record.left_out.clone(),
            folder: survey.folder.clone(),
            is_dry: request.output.is_none(),
        })
    }

    fn item(
        &self,
        survey: &Survey,
        case: &Case,
        place: Option<&Path>,
        request: &RescueRequest,
    ) -> Result<RescueItem, AppError> {
        let mut record = record(survey, case, request.allow_unproven);
        let mut written = None;
        let is_new = matches!(&record.result, RescueResult::Rescued { way: Way::Mended, .. });
        if let (Some(place), true) = (place, is_new) {
            written = self.write_model(case, place, &mut record, request.script)?;
            if written.is_none() {
                let path = place.display().to_string();
                record.result = RescueResult::Refused { why: Refused::Exists { path } };
            }
        }
        let kept = match place {
            Some(place) => keep(survey, case, &record, place)?,
            None => None,
        };
        let page = match &written {
            Some(place) => Some(write_beside(place, &record, request.script)?),
            None => None,
        };
        Ok(RescueItem { record, written, page, kept })
    }

    /// Writes the mended model; `None` where its name is taken.
    fn write_model(
        &self,
        case: &Case,
        place: &Path,
        record: &mut RescueRecord,
        script: bool,
    ) -> Result<Option<PathBuf>, AppError> {
        let Some((_, Some((digest, size)))) = &case.mended else { return Ok(None) };
        // It was read a moment ago, and lives in the cache of this machine.
        let Some(bytes) = self.cache.object(digest) else { return Ok(None) };
        if place.exists() || written_beside(script).iter().any(|(ending, _)| beside(place, ending).exists()) {
            return Ok(None);
        }
        if case.file().is_some_and(|file| file.packed.is_some()) {
            write_folder(place, &bytes)?;
        } else {
            present::write_new(place, &bytes)?;
        }
        record.rescued = Some(RescueFile {
            path: place.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            digest: *digest,
            size: *size,
            format: case.format.name.clone(),
        });
        for (name, source) in
            COMPANIONS.iter().filter(|(name, _)| record.companions.iter().any(|it| it == name))
        {
            let path = place.with_file_name(format!("{name}.py"));
            // Several models of a folder need the same module.
            if !path.exists() {
                present::write_new(&path, source.as_bytes())?;
            }
        }
        Ok(Some(place.to_owned()))
    }
}

/// Writes a model that is a folder.
fn write_folder(place: &Path, archive: &[u8]) -> Result<(), AppError> {
    let entries =
        artifact::unpacked(archive).map_err(|why| AppError::Artifact { path: place.to_owned(), why })?;
    for (name, bytes) in entries {
        if let Some(bytes) = bytes {
            present::write_new(&place.join(name), &bytes)?;
        }
    }
    Ok(())
}

const PAGE: &str = "rescue.html";

/// How one of the files is written.
type Writer = fn(&RescueView<'_>) -> Vec<u8>;

/// What stands beside a rescued model, by the endings of names; the script, which has to be asked for, comes last.
static BESIDE: [(&str, Writer); 4] = [
    ("rescue.json", |view| present::rescue_json(view.record)),
    ("rescue.md", present::rescue_markdown),
    (PAGE, present::rescue_html),
    ("rescue.py", |view| {
        let parts = ScriptParts { engine: ENGINE, mends: MENDS, companions: COMPANIONS };
        present::rescue_script(view, &parts)
    }),
];

fn written_beside(script: bool) -> &'static [(&'static str, Writer)] {
    if script { &BESIDE } else { &BESIDE[..BESIDE.len() - 1] }
}

/// Writes the record, the pages and the script of a model that was written; gives the page.
fn write_beside(place: &Path, record: &RescueRecord, script: bool) -> Result<PathBuf, AppError> {
    let view = RescueView { record };
    for (ending, writer) in written_beside(script) {
        present::write_new(&beside(place, ending), &writer(&view))?;
    }
    Ok(beside(place, PAGE))
}

/// The facts of a case.
fn record(survey: &Survey, case: &Case, allow_unproven: bool) -> RescueRecord {
    let environment = |name: &EnvName| survey.record.environments.iter().find(|known| known.name == *name);
    let (changes, keys, mends, companions) = match &case.mended {
        Some((MendOutcome::Mended { changes, keys, mends, companions }, _)) => {
            (changes.clone(), Some(keys.clone()), mends.clone(), companions.clone())
        }
        Some(_) | None => (Vec::new(), None, Vec::new(), Vec::new()),
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
        verified: case.verified.clone(),
        probes: case.probes.as_ref().map(|(probes, _)| probes.clone()),
        notes: file.map(|file| file.notes.clone()).unwrap_or_default(),
    }
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
    let way = if case.mended.is_some() { Way::Mended } else { Way::AsItIs };
    match judge::proof(&case.verified) {
        Proof::Proven => RescueResult::Rescued { way, unproven: None },
        Proof::Contradicted => RescueResult::Refused { why: Refused::NotVerified },
        Proof::None(why) if allow_unproven => RescueResult::Rescued { way, unproven: Some(why) },
        Proof::None(why) => RescueResult::Refused { why: Refused::Unproven { why } },
    }
}
