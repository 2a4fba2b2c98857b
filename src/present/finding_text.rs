//! A finding in words: its title, its details, what to do next. The judge gathers the facts; every sentence about them
//! is written here.

use std::collections::{BTreeMap, BTreeSet};

use super::expected::mistyped;
use super::gist::gist;
use super::reasons::{instead_of_predicting, message};
use super::repeat::Repeat;
use super::words::{capitalised, join};
use crate::explain;
use crate::judge::normalised;
use crate::vocab::{
    CellRecord, Disturbance, EnvName, Finding, FindingKind, Mismatch, Next, OutputComparison, Record,
};

/// Lines that a finding carries at most, beyond its title.
const MAX_DETAILS: usize = 8;
/// Characters of an error message in a title.
const MAX_TITLE: usize = 300;
/// Characters of a further line.
const LONGEST_DETAIL: usize = 400;
/// Distinct messages of one rule that a finding quotes.
const MAX_SYMPTOMS: usize = 4;
/// Significant digits of numbers in titles.
const DIGITS: usize = 6;

/// A finding in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FindingText {
    /// One line: the model and what is different, the error message, or the title of the known cause.
    pub title: String,
    /// Further lines: worst row, warnings, deepest frames.
    pub details: Vec<String>,
    /// Why it happens, in the words of the known cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Where to read more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// What to do next.
    pub remedy: Option<String>,
}

impl FindingText {
    /// The words for a finding of a record.
    pub fn new(record: &Record, finding: &Finding) -> Self {
        // An index that points nowhere can only come from a record edited by hand; it is passed over.
        let members: Vec<&CellRecord> =
            finding.cells.iter().filter_map(|index| record.cells.get(*index)).collect();
        let Some(worst) = members.first().copied() else { return Self::default() };
        let (mut title, mut details) = match finding.kind {
            FindingKind::Drift | FindingKind::Nondeterministic => drift_text(finding.kind, worst, &members),
            FindingKind::Failure => failure_text(worst),
            FindingKind::Noise => {
                (cut(&format!("{}: {}", worst.model, message(worst))), noise_details(&members))
            }
            FindingKind::Environment
            | FindingKind::Unjudged
            | FindingKind::NotTried
            | FindingKind::Unsupported => (cut(&message(worst)), environment_text(worst)),
        };
        let mut remedy = next(record, worst, &finding.next);
        let rule = finding.rule.as_deref().and_then(explain::find);
        // An environment has words of its own, which name it, and a remedy that knows its packages.
        if let Some(rule) = rule.filter(|_| finding.kind != FindingKind::Environment) {
            details.splice(0..0, symptoms(finding.kind, title, &members));
            title = rule.title.clone();
            // What worked in this very run stays worth knowing.
            details.extend(remedy.map(|advice| format!("In this run: {advice}")));
            remedy = Some(rule_remedy(rule, Repeat::new(record).rescue(&members).as_deref()));
        }
        Self {
            title,
            details,
            cause: rule.map(|rule| rule.cause.clone()),
            links: rule.map(|rule| rule.links.clone()).unwrap_or_default(),
            remedy,
        }
    }
}

/// What to do about a known cause: a rescue where a mend exists, since nobody has to train for that; by the command, as code,
/// where the files are known.
pub fn rule_remedy(rule: &explain::Rule, command: Option<&str>) -> String {
    if rule.has_mend() {
        let command = command.unwrap_or("`shelflife rescue FILE --to ENV -o NEW`");
        format!("Rescue it without training: {command}. Otherwise: {}", rule.remedy)
    } else {
        rule.remedy.clone()
    }
}

/// What to do next, as a sentence; `None` where there is nothing to do.
fn next(record: &Record, cell: &CellRecord, next: &Next) -> Option<String> {
    Some(match next {
        Next::Nothing => return None,
        Next::TrustTypes => "Review the types that it names, and pass those that you trust with --trust \
                             (`trust` of the format in a matrix)."
            .to_owned(),
        Next::AddPackage { package, environment } => format!(
            "The file needs `{package}`, which is not installed in {environment}. Add it to the environment, for \
             example \"scikit-learn==... {package}==...\"."
        ),
        Next::SayPackage { package } => format!(
            "Declare the release of {package} that it was saved with, and the one that it is read with: `--made-by \
             \"scikit-learn==... {package}==...\"` and the same for --on (`versions` and `packages` in a matrix)."
        ),
        Next::GiveModules { module } => format!(
            "Give the folder that holds {module}.py, or the package {module}, with --modules FOLDER (`modules` of the \
             [[artifact]] in a matrix). If a package of the index brings it, name that package with its release: \
             `--made-by \"scikit-learn==... PACKAGE==...\"` and the same for --on."
        ),
        Next::OtherRelease { package } => format!(
            "Declare the release of {package} that it was saved with: `--made-by \"scikit-learn==... {package}==...\"`, \
             and one that has the module with --on."
        ),
        Next::MendPackage { package, environment, lacks, library } => match (lacks, library) {
            (_, Some(library)) => format!(
                "Install the library {library} on this machine ({}), or take a release of {package} that brings its own.",
                match library.starts_with("libgomp") {
                    true => "`sudo apt-get install -y libgomp1` on Debian",
                    false => "`apt-file search` says which Debian package has it",
                }
            ),
            (Some(lacks), None) => {
                // Its newer releases do not bring it any more.
                let lacks = if lacks == "pkg_resources" { "setuptools==80.9.0" } else { lacks };
                let lacks = if lacks.contains("==") { lacks.to_owned() } else { format!("{lacks}==...") };
                format!(
                    "{package} needs {lacks} and does not say so: add it to {environment}, for example \
                     \"scikit-learn==... {package}==... {lacks}\"."
                )
            }
            (None, None) => format!(
                "Take releases that go together: another one of {package}, or of what it imports, in {environment}."
            ),
        },
        Next::GetFileAgain { foreign: Some(foreign) } => capitalised(foreign.help()),
        Next::GetFileAgain { foreign: None } => {
            "Download or save the file again: it is damaged, or it is not a saved model.".to_owned()
        }
        Next::DeclareProducer { environment } => {
            let artifact = record.artifacts.iter().find(|artifact| artifact.id == cell.artifact);
            let what = artifact.and_then(|artifact| artifact.producer_fails.as_ref()).map(instead_of_predicting);
            let what = what.map(|what| format!(" ({})", cut(&what))).unwrap_or_default();
            format!(
                "It also fails in {environment}, its presumed producer{what}: declare its producer with --made-by \
                 (`versions` in a matrix)."
            )
        }
        Next::KeepOrRetrain { model, producer, works_in, consumer, trains: false, .. } => {
            let made = producer.as_ref().map_or_else(|| "where it was made".to_owned(), EnvName::to_string);
            let places = if works_in.is_empty() { made } else { join(works_in) };
            format!("Keep it in {places}: training {model} in {consumer} failed as well.")
        }
        Next::KeepOrRetrain { model, producer, works_in, consumer, sources, trains: true } => {
            let retrain = if sources.is_empty() || producer.is_none() {
                format!("retrain {model} in {consumer}")
            } else {
                format!("retrain {model} in {consumer} (artifacts of {} work there too)", join(sources))
            };
            match (producer, works_in.as_slice()) {
                // Its producer is not where it is used: what counts is where it was tried.
                (None, []) => format!("Either keep it where it was made, or {retrain}."),
                (None, names) => format!("Either keep it in {}, or {retrain}.", join(names)),
                (Some(producer), names) => format!(
                    "Either keep artifacts of {producer} in {}, or {retrain}.",
                    kept(producer, names)
                ),
            }
        }
        Next::UseDigest => format!(
            "This is corruption, not drift: the file was damaged on purpose and loads without an error. Compare its \
             digest before loading, or use a format that notices damage instead of {}.",
            cell.format
        ),
        Next::UseAnotherFormat => format!(
            "The translation into {} changes what {} predicts: use another format for it, or compare the outputs before \
             each release. For tree models, try inputs rounded to float32 first: scikit-learn rounds them, and without \
             that an input on a split threshold takes the other branch.",
            cell.format, cell.model
        ),
        Next::FixRandomness => "The outputs depend on more than the artifact and its inputs: set \
                                `random_state`, or restrict `methods`; until then, drift of this model in other \
                                environments means nothing."
            .to_owned(),
        Next::FixRandomState => {
            "Give the model a random_state and save it again; until then it cannot be judged.".to_owned()
        }
        Next::NameAModel => "Give a file that holds a fitted estimator or pipeline.".to_owned(),
        Next::GiveInputs => {
            "Provide inputs that fit the model, with the columns that it was fitted on: --inputs (`inputs` in a \
             matrix). A column that is not an input, such as the target, is left out by --drop COLUMN."
                .to_owned()
        }
        Next::CorrectExpected => "Correct it there, or give the values of this model: nothing was compared with the file."
            .to_owned(),
        Next::PredictAlone => "A cell has no network, and processes and files of its own alone. Where the model can do without \
             (`n_jobs=1`, `max_process=1`), save it so; else try it by hand with `shelflife env run`, which runs without a cage."
            .to_owned(),
        Next::SaveWithNames => "Save it again with what its functions use: `dill.dump(model, file, recurse=True)`, or \
                                functions that import what they use, or a module of your own instead of the script \
                                that is run (then --modules FOLDER)."
            .to_owned(),
        Next::DeclareProducerOrExpected => "Declare its producer (--made-by, `versions` in a matrix), or provide the \
                                     values to expect (--inputs with --expected)."
            .to_owned(),
        Next::Environment { says } => says.clone(),
        Next::TryAgain { by } => try_again(by).to_owned(),
        Next::Constrain => "If this version does not have the feature, add `requires` to the model; otherwise \
                            constrain the packages of the environment."
            .to_owned(),
    })
}

/// How to keep the machine out of the way.
fn try_again(by: &Disturbance) -> &'static str {
    match by {
        Disturbance::Killed { .. } | Disturbance::InterpreterLost { .. } => {
            "Run the same command again: it tries these cells again, and nothing else. Most often the kernel kills \
             processes where memory runs out: use fewer --jobs, end other programs, or allow the container more memory."
        }
        Disturbance::FullDisk { .. } => {
            "Free some space there, for example with `shelflife env prune`, or set SHELFLIFE_CACHE_DIR to a folder on a \
             larger disk; then run the same command again: it tries these cells again, and nothing else."
        }
    }
}

fn kept(producer: &EnvName, works_in: &[EnvName]) -> String {
    if works_in.is_empty() { format!("{producer} only") } else { format!("{producer} or {}", join(works_in)) }
}

/// What the cells of one rule show: for drift the worst difference, for failures the distinct messages, the commonest
/// first.
fn symptoms(kind: FindingKind, title: String, members: &[&CellRecord]) -> Vec<String> {
    if kind != FindingKind::Failure {
        return vec![title];
    }
    let mut counts: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for cell in members {
        let (text, _) = failure_text(cell);
        counts.entry(normalised(&text)).or_insert((0, text)).0 += 1;
    }
    let mut messages: Vec<_> = counts.into_values().collect();
    messages.sort_by_key(|(count, _)| usize::MAX - count);
    let more = messages.len().saturating_sub(MAX_SYMPTOMS);
    let mut lines: Vec<_> = messages.into_iter().take(MAX_SYMPTOMS).map(|(_, text)| text).collect();
    if more > 0 {
        lines.push(format!("and {more} more messages of this kind"));
    }
    lines
}

fn drift_text(kind: FindingKind, worst: &CellRecord, members: &[&CellRecord]) -> (String, Vec<String>) {
    let what = worst.worst_output().map_or_else(String::new, |(name, output)| output_text(name, output));
    let title = match kind {
        FindingKind::Nondeterministic => {
            format!("{}: not reproducible in its own producer: {what}", worst.model)
        }
        _ => format!("{}: {what}", worst.model),
    };
    let mut seen = BTreeSet::new();
    let mut details = Vec::new();
    for cell in members {
        let Some((name, output)) = cell.worst_output() else { continue };
        if seen.insert((&cell.producer, &cell.consumer)) && details.len() < MAX_DETAILS {
            details.push(format!("{} -> {}: {}", cell.producer, cell.consumer, output_text(name, output)));
        }
    }
    let warned = members.iter().filter(|cell| !cell.warned.is_empty()).count();
    details.push(match warned {
        0 => "No version warning was raised.".to_owned(),
        n if n == members.len() => "scikit-learn raised its blanket version warning.".to_owned(),
        n => format!("scikit-learn raised its blanket version warning in {n} of {} cells.", members.len()),
    });
    (title, details)
}

/// What is different in one output, in words.
fn output_text(name: &str, output: &OutputComparison) -> String {
    let row = output.worst.as_ref().map(|worst| {
        let index: Vec<_> = worst.index.iter().map(u64::to_string).collect();
        let (observed, reference) = (rounded(&worst.observed), rounded(&worst.reference));
        format!(" at [{}]: {observed} instead of {reference}", index.join(", "))
    });
    let row = row.unwrap_or_default();
    match &output.mismatch {
        Some(Mismatch::Missing) => return format!("{name} is missing"),
        Some(Mismatch::Shape { reference, observed }) => {
            return format!("{name} has shape {observed:?} instead of {reference:?}");
        }
        Some(Mismatch::Type { reference, observed }) => {
            return format!("{name} is {observed} instead of {reference}");
        }
        Some(Mismatch::Mistyped { how, .. }) => {
            return format!("{name} is not what was expected: {}", mistyped(name, how));
        }
        Some(Mismatch::Damaged { what }) => return format!("{name} is damaged: {what}"),
        None => {}
    }
    if output.flips > 0 {
        let ties = match output.tie_flips {
            0 => String::new(),
            ties => format!(" ({ties} of them ties)"),
        };
        return format!("{name} flips {} of {} labels{ties}{row}", output.flips, output.elements);
    }
    if output.nonfinite_differ > 0 {
        return format!("{name} has NaN or infinity in {} other places{row}", output.nonfinite_differ);
    }
    format!("{name} is off by up to {}{row}", output.max_abs)
}

/// The text of a float with few digits; other texts (labels, integers) as they are.
fn rounded(text: &str) -> String {
    let Some(value) = text.parse::<f64>().ok().filter(|value| value.is_finite() && text.contains(['.', 'e']))
    else {
        return text.to_owned();
    };
    // Through the scientific form, which counts significant digits, back to the shortest that reads the same.
    let short = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    if (1e-4..1e9).contains(&f64::abs(short)) { format!("{short}") } else { format!("{short:e}") }
}

/// One line a pair, the largest difference first.
fn noise_details(members: &[&CellRecord]) -> Vec<String> {
    let line = |cell: &&CellRecord| format!("{} -> {}: {}", cell.producer, cell.consumer, message(cell));
    members.iter().take(MAX_DETAILS).map(line).collect()
}

fn failure_text(cell: &CellRecord) -> (String, Vec<String>) {
    let says = message(cell);
    let mut details = Vec::new();
    let title = cut(&says);
    let lines = says.lines().filter(|line| line.chars().any(char::is_alphanumeric));
    details.extend(lines.skip(1).take(MAX_DETAILS).map(|line| gist(line, LONGEST_DETAIL)));
    if let (Some(_), Some(error)) = (super::reasons::reason(cell), &cell.error) {
        details.push(cut(&format!("raised here as {}: {}", error.class, error.message)));
    }
    if let Some(error) = &cell.error
        && !error.frames.is_empty()
    {
        let tail = error.frames.len().saturating_sub(3);
        details.push(format!("deepest frames: {}", error.frames[tail..].join(" > ")));
    }
    (title, details)
}

fn environment_text(cell: &CellRecord) -> Vec<String> {
    cell.error
        .iter()
        .filter(|error| !error.frames.is_empty())
        .map(|error| format!("deepest frame: {}", error.frames[error.frames.len() - 1]))
        .collect()
}

fn cut(text: &str) -> String {
    gist(text, MAX_TITLE)
}
