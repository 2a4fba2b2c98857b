//! What a rescue says: every sentence about a file that was rescued or refused, written once, from facts.

use super::super::gist::gist;
use super::super::probed::grouped;
use super::super::words::{join, line, number, plural, quoted};
use crate::explain;
use crate::notation::Version;
use crate::vocab::{
    Agreement, Cause, Change, Exactness, Holds, InputsOrigin, MendOutcome, NoProof, NoReference, Obstacle,
    ObstacleKind, Outcome, OutputComparison, Refused, RescueEnvironment, RescueRecord, TranslateOutcome,
    Tried, Trouble, Verdict, Verification, Way,
};

/// Longest message of an exception.
const LONGEST: usize = 160;

/// An environment by what decides: `scikit-learn 1.9.1 (Python 3.13.1)`.
pub(super) fn environment(environment: &RescueEnvironment) -> String {
    let release = environment.packages.get("scikit-learn");
    match (release, environment.python.as_str()) {
        (Some(release), "") => format!("scikit-learn {release}"),
        (Some(release), python) => format!("scikit-learn {release} (Python {python})"),
        (None, _) => environment.name.to_string(),
    }
}

/// What a file did, as the end of a sentence that begins with it.
pub(super) fn did(tried: &Tried) -> String {
    let error = || {
        let said = tried.error.as_ref().map(ToString::to_string).unwrap_or_default();
        let said = gist(&said, LONGEST);
        let said = said.trim_end_matches('.');
        if said.is_empty() { String::new() } else { format!(": {said}") }
    };
    match tried.verdict {
        Verdict::Identical => "gives the same to the last bit".to_owned(),
        Verdict::Roundoff => format!("gives the same within numerical roundoff{}", worst(tried)),
        Verdict::Drift => format!("loads without an error and gives other outputs{}", worst(tried)),
        Verdict::LoadError => format!("cannot be loaded{}", error()),
        Verdict::PredictError => format!("loads and cannot predict{}", error()),
        Verdict::Crash => "ends the process".to_owned(),
        Verdict::Timeout => "does not come to an end within the time limit".to_owned(),
        Verdict::OutOfMemory => "needs more memory than the limit".to_owned(),
        Verdict::NotTried => "was not tried when the run ended".to_owned(),
        Verdict::EnvError => "could not be tried, because of an environment".to_owned(),
        Verdict::Unsupported => "cannot be read there in its format".to_owned(),
        Verdict::Absent => "has a class that does not exist there".to_owned(),
        Verdict::Unverified => "loads, and there is nothing to compare its outputs with".to_owned(),
    }
}

fn worst(tried: &Tried) -> String {
    let outside =
        |facts: &&OutputComparison| matches!(facts.agreement, Agreement::Outside | Agreement::Mismatched);
    let (name, facts) = match tried.outputs.iter().find(|(_, facts)| outside(facts)) {
        Some(found) => found,
        None => return String::new(),
    };
    format!(" ({name}: {})", difference(facts))
}

/// How far an output lies from the producer's, in words.
pub(super) fn difference(facts: &OutputComparison) -> String {
    match facts.agreement {
        Agreement::BitEqual => "none: the same to the last bit".to_owned(),
        Agreement::Within if facts.flips > 0 => {
            format!("{} of {} differ, all of them ties", facts.flips, plural(facts.elements, "label"))
        }
        Agreement::Within => format!("{} (values up to {})", number(facts.max_abs.0), number(facts.scale.0)),
        Agreement::Outside | Agreement::Mismatched => super::super::words::difference(facts, "->"),
    }
}

/// Where the rows of a verification come from.
pub(super) fn origin(verification: &Verification) -> String {
    match verification.origin {
        InputsOrigin::Given => {
            let from = line(&verification.from);
            format!("given: {}", from.strip_prefix("inputs: ").unwrap_or(&from))
        }
        InputsOrigin::Random => "random numbers of the model's width, since none were given".to_owned(),
        InputsOrigin::Probes => "derived from the model itself".to_owned(),
        InputsOrigin::None => "none".to_owned(),
    }
}

/// How much a mend keeps.
pub(super) fn exactness(exactness: Exactness) -> &'static str {
    match exactness {
        Exactness::Exact => "exact",
        Exactness::Roundoff => "within roundoff",
        Exactness::PredictOnly => "predictions only",
        Exactness::TypeChanges => "the type changes",
        Exactness::Companion => "with a module beside the file",
        Exactness::Guessed => "found by its name alone",
    }
}

/// What is not the same any more, one sentence each.
pub(super) fn not_the_same(record: &RescueRecord) -> Vec<String> {
    let has = |wanted: Exactness| record.changes.iter().any(|change| change.exactness == wanted);
    let mut said = Vec::new();
    if let Some(translation) = record.translation.as_ref().filter(|it| it.holds == Holds::Translation) {
        said.push(format!(
            "It is no scikit-learn model any more, but a translation of one ({}). Nothing of its parameters, attributes and \
             methods is there but {}.",
            translation.about,
            match &translation.outputs {
                Some(outputs) => format!("what it gives: {}", join(outputs.iter().map(String::as_str))),
                None => "what it gives".to_owned(),
            }
        ));
        return said;
    }
    if record.refuses_gaps {
        said.push(
            "Missing values, or values that it has never seen, are refused with an error, where the original takes them; the \
             probes are without them."
                .to_owned(),
        );
    }
    let types: Vec<&Change> =
        record.changes.iter().filter(|change| change.exactness == Exactness::TypeChanges).collect();
    for change in types {
        said.push(format!(
            "An object is of another type: {} ({}). Code that asks for its type, or for attributes of the old one, \
             finds others; what it predicts is what was verified.",
            change.class, change.what
        ));
    }
    if has(Exactness::PredictOnly) {
        said.push(
            "Some parts were corrected as far as predictions need them: fitting on (warm start), and attributes that \
             only describe the training, may be other than before."
                .to_owned(),
        );
    }
    if has(Exactness::Roundoff) {
        said.push("Some numbers were computed anew, and agree within roundoff.".to_owned());
    }
    if has(Exactness::Guessed) {
        said.push(
            "A name that moved between releases was found by its name alone; the verification is what speaks for it."
                .to_owned(),
        );
    }
    if !record.companions.is_empty() {
        said.push(format!(
            "The file needs {} beside it: put it where Python finds modules, such as the folder of your program.",
            join(record.companions.iter().map(|name| format!("{name}.py")))
        ));
    }
    if let Some(keys) = record.keys.as_ref().filter(|keys| !keys.dropped.is_empty()) {
        let names = keys.dropped.iter().map(|note| match &note.reason {
            Some(reason) => format!("{}.{} ({reason})", note.class, note.key),
            None => format!("{}.{}", note.class, note.key),
        });
        said.push(format!("These attributes were left out: {}.", join(names)));
    }
    said.push(
        "The warning about a model of another release is silent from now on: the file says that the target's own release \
         wrote it."
            .to_owned(),
    );
    said
}

/// Why something has no proof.
pub(super) fn no_proof(why: NoProof) -> &'static str {
    match why {
        NoProof::ProducerUnknown => {
            "nothing says which environment made the file, and no expected outputs are given"
        }
        NoProof::ProducerNotMade => "the environment that made the file could not be made again",
        NoProof::ProducerFails => "the environment that should have made the file does not predict with it",
        NoProof::Random => "what differs is random in the environment that made the file as well",
        NoProof::NoInputs => "there was nothing to predict on, or the inputs are not what the model takes",
    }
}

/// What to do about a rescue without proof.
pub(super) fn prove(why: NoProof) -> &'static str {
    match why {
        NoProof::ProducerUnknown => {
            "say with --made-by what made it, or give --inputs with --expected; --allow-unproven writes it without proof"
        }
        NoProof::ProducerNotMade | NoProof::ProducerFails => {
            "name another environment with --made-by, or give --inputs with --expected; --allow-unproven writes it \
             without proof"
        }
        NoProof::Random | NoProof::NoInputs => {
            "give rows that the model takes with --inputs; --allow-unproven writes it without proof"
        }
    }
}

/// What the model said of inputs that it does not take, first of those on which it was verified, then of the original.
fn misfit(record: &RescueRecord) -> Option<&str> {
    record.verified.iter().map(|one| &one.tried).chain(&record.before).find_map(|tried| match &tried.cause {
        Cause::InputsDoNotFit { says, .. } => Some(says.as_str()),
        Cause::NoReference { why: NoReference::ProducerFails { outcome, .. } } => match &**outcome {
            Outcome::Unfit { says, .. } => Some(says.as_str()),
            _ => None,
        },
        _ => None,
    })
}

/// Why a file was refused, as the end of a sentence.
pub(super) fn refused(why: &Refused, record: &RescueRecord) -> String {
    match why {
        Refused::NotMended { outcome } => not_mended(outcome),
        Refused::NotVerified => {
            // What could not be compared says nothing beside what differs.
            let fails = |one: &&Verification| one.tried.verdict.fails();
            let failed = record.verified.iter().find(fails);
            let failed = failed.or_else(|| record.verified.iter().find(|one| !one.tried.verdict.works()));
            let did = failed.map(|one| did(&one.tried)).unwrap_or_default();
            format!("the new file was tried and {did}; it was thrown away")
        }
        Refused::NotTranslated { outcome } => not_translated(outcome),
        Refused::NotPacked { says } => {
            format!("what the model is in could not be put together again around the new one: {}", line(says))
        }
        Refused::Unproven { why: NoProof::NoInputs } => match misfit(record) {
            Some(says) => {
                format!("nothing can prove it: the model does not take the inputs: {}", gist(says, LONGEST))
            }
            None => format!("nothing can prove it: {}", no_proof(NoProof::NoInputs)),
        },
        Refused::Unproven { why } => format!("nothing can prove it: {}", no_proof(*why)),
        Refused::NotTried => match record.before.as_ref().map(|before| &before.cause) {
            Some(Cause::Environment { trouble: Trouble::NotMade { environment, says } }) => {
                format!("the environment {environment} could not be made: {}", gist(says, LONGEST))
            }
            _ => "it could not be tried, because of an environment".to_owned(),
        },
        Refused::Interrupted => "the rescue was interrupted".to_owned(),
        Refused::NoArtifact { says } => line(says).into_owned(),
        Refused::Exists { path } => format!("`{path}` is there already"),
    }
}

/// What to do about a refusal.
pub(super) fn next(why: &Refused, record: &RescueRecord) -> String {
    let keep = "keep the environment that reads it";
    // Where it was made can be made again, and another format was not asked for.
    let reads_it = record.producer.as_ref().is_some_and(|producer| producer.lock.is_some());
    let is_open = reads_it && !record.producer_fails && record.translation.is_none();
    match why {
        Refused::NotMended { outcome: MendOutcome::Refused { companions, .. } } if !companions.is_empty() => {
            or_translated(COMPANION, record, is_open)
        }
        Refused::NotVerified if !record.would_use.is_empty() => or_translated(COMPANION, record, is_open),
        Refused::NotMended { outcome } if lacks(outcome).is_some() => {
            let package = lacks(outcome).unwrap_or_default();
            format!("name it with --to, in the release that is there: --to \"... {package}==...\"")
        }
        Refused::NotMended { .. } | Refused::NotVerified if record.producer_fails => {
            "the environment that should have made it cannot use it either: say with --made-by what made it, or give \
             modules of your own with --modules"
                .to_owned()
        }
        Refused::NotMended { .. } | Refused::NotVerified if is_open => {
            format!("translate it in the environment that made it: {}; or {keep}", translating(record))
        }
        Refused::NotMended { .. } | Refused::NotVerified => keep.to_owned(),
        Refused::NotTranslated { outcome: TranslateOutcome::NotInstalled { .. } } => {
            "install it there, or name an environment that shelflife makes, such as scikit-learn==1.9.1"
                .to_owned()
        }
        Refused::NotTranslated { .. } => format!("rescue it in its own format, without --format; or {keep}"),
        Refused::NotPacked { .. } => "unpack it, and rescue the model alone".to_owned(),
        Refused::Unproven { why } => prove(*why).to_owned(),
        Refused::NotTried => match beyond(&record.target) {
            Some(newest) => format!("name a release that exists; the newest one that this shelflife knows is {newest}"),
            None => "`shelflife check` says what is wrong with the environment".to_owned(),
        },
        Refused::Interrupted => "run the same command again: what was tried is remembered".to_owned(),
        Refused::NoArtifact { .. } => match record.before.as_ref().map(|before| &before.cause) {
            Some(Cause::Refused { foreign: Some(foreign), .. }) => foreign.help().to_owned(),
            Some(_) | None => "`shelflife inspect` says what the file is".to_owned(),
        },
        Refused::Exists { .. } => "choose another name with -o, or move that file away".to_owned(),
    }
}

/// The newest release that is known, where an environment that could not be made is to have a later one.
fn beyond(target: &RescueEnvironment) -> Option<&'static Version> {
    let asked: Version =
        target.packages.get("scikit-learn").filter(|_| target.lock.is_none())?.parse().ok()?;
    explain::newest_release().filter(|newest| asked > **newest)
}

/// What lets a class of its own travel with a file.
const COMPANION: &str = "run it again with --companion, which writes a small module beside the file";

/// A way, and the translation where that is open.
fn or_translated(way: &str, record: &RescueRecord, is_open: bool) -> String {
    if is_open { format!("{way}; or translate it: {}", translating(record)) } else { way.to_owned() }
}

/// The command that translates a file.
fn translating(record: &RescueRecord) -> String {
    let path = line(&record.original.path).into_owned();
    let stem = path.rsplit_once('.').map_or(path.as_str(), |(stem, _)| stem);
    let release = record.target.packages.get("scikit-learn");
    let target = release.map_or_else(|| "ENV".to_owned(), |release| format!("scikit-learn=={release}"));
    format!(
        "shelflife rescue {} --to {target} --format onnx -o {}",
        quoted(&path),
        quoted(&format!("{stem}.onnx"))
    )
}

fn not_translated(outcome: &TranslateOutcome) -> String {
    let because = match outcome {
        TranslateOutcome::Written { .. } => return "the translated file could not be kept".to_owned(),
        TranslateOutcome::Raised { error } => gist(&error.to_string(), LONGEST),
        TranslateOutcome::Inapplicable { reason } | TranslateOutcome::NotInstalled { reason } => {
            line(reason).into_owned()
        }
        TranslateOutcome::Ended { .. } => "it ended the process or ran into a limit".to_owned(),
        TranslateOutcome::NotMade { reason } => {
            let reason = line(reason).into_owned();
            format!("the environment for it could not be made: {}", gist(&reason, LONGEST))
        }
    };
    format!("it cannot be written in this format: {because}")
}

/// The module that reading a file did not find in the target.
fn lacks(outcome: &MendOutcome) -> Option<String> {
    let MendOutcome::Raised { error } = outcome else { return None };
    let importing = error.importing.as_ref()?;
    Some(line(importing.lacks.as_ref().unwrap_or(&importing.module)).into_owned())
}

fn not_mended(outcome: &MendOutcome) -> String {
    match outcome {
        MendOutcome::Mended { .. } => "the mended file could not be kept".to_owned(),
        MendOutcome::Refused { companions, .. } if !companions.is_empty() => format!(
            "no class of the target can express it; the module {} beside the file can",
            join(companions.iter().map(|name| format!("{name}.py")))
        ),
        MendOutcome::Refused { obstacles, .. } => match obstacles.first() {
            Some(obstacle) => self::obstacle(obstacle),
            None => "no mend makes it what the target can read".to_owned(),
        },
        MendOutcome::Raised { .. } if lacks(outcome).is_some() => {
            format!(
                "reading it takes {}, which is not installed in the target",
                lacks(outcome).unwrap_or_default()
            )
        }
        MendOutcome::Raised { error } => {
            let error = error.to_string();
            format!("mending it ends in an error: {}", gist(&error, LONGEST))
        }
        MendOutcome::Inapplicable { reason } | MendOutcome::NotInstalled { reason } => {
            line(reason).into_owned()
        }
        MendOutcome::Ended { .. } => {
            "reading it in the target ended the process or ran into a limit".to_owned()
        }
    }
}

fn obstacle(obstacle: &Obstacle) -> String {
    let text = |key: &str| obstacle.facts.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    let name = match (text("module"), text("name")) {
        ("", "") => obstacle.class.clone().unwrap_or_else(|| "an object".to_owned()),
        (module, name) => format!("{module}.{name}"),
    };
    let place = match &obstacle.path {
        Some(path) if !path.is_empty() => format!(" (at {path})"),
        _ => String::new(),
    };
    let name = format!("{}{place}", line(&name));
    match obstacle.why {
        ObstacleKind::LeftOver => format!("the target has nothing in the place of {name}"),
        ObstacleKind::NeedsCompanion => format!("{name} has no equivalent among the classes of the target"),
        ObstacleKind::NameNotAllowed => format!("reading it would call {name}, which no saved model needs"),
        ObstacleKind::Unaccounted => {
            format!("attributes of {name} would go without a word: a defect of a mend, please report it")
        }
        ObstacleKind::PersistentId | ObstacleKind::OutOfBandBuffer => {
            "a part of the model is not in the file".to_owned()
        }
        ObstacleKind::NoEquivalent => format!("{name} has no equivalent in the target"),
    }
}

/// What came of it, in a few words.
pub(super) fn way(way: Way, unproven: bool) -> &'static str {
    match (way, unproven) {
        (Way::AsItIs, false) => "works as it is",
        (Way::AsItIs, true) => "loads as it is, unproven",
        (Way::Mended, false) => "rescued",
        (Way::Mended, true) => "mended, unproven",
        (Way::Translated, false) => "translated",
        (Way::Translated, true) => "translated, unproven",
    }
}

/// How well verifications agree, and on how many rows.
pub(super) fn evidence(record: &RescueRecord) -> String {
    let decided: Vec<&Verification> =
        record.verified.iter().filter(|one| one.tried.verdict.works()).collect();
    if decided.is_empty() {
        return String::new();
    }
    let is_equal = decided.iter().all(|one| one.tried.verdict == Verdict::Identical);
    let how = if is_equal { "the same to the last bit" } else { "the same within roundoff" };
    let rows = decided.iter().map(|one| match one.origin {
        InputsOrigin::Given => format!("{} given rows", grouped(one.rows)),
        InputsOrigin::Random => format!("{} random rows", grouped(one.rows)),
        InputsOrigin::Probes => format!("{} probes", grouped(one.rows)),
        InputsOrigin::None => "nothing".to_owned(),
    });
    let rows: Vec<String> = rows.collect();
    // What has no more digits than that is said where it counts.
    let floors: Vec<String> =
        decided.iter().map(|one| worst(&one.tried)).filter(|text| !text.is_empty()).collect();
    let floor = floors.first().cloned().unwrap_or_default();
    format!("{how} as its producer on {}{floor}", rows.join(" and "))
}
