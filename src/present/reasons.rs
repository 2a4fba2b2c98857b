//! Why a cell is as it is, in words: every sentence about a cause, written once, from typed facts.

use super::expected;
use super::gist::gist;
use super::words::{join, line, number, plural};
use crate::vocab::{
    Agreement, ArtifactAbsence, ArtifactRecord, Cause, CellRecord, Disturbance, EnvName, EnvironmentRecord,
    ErrorFact, FormatName, Inapplicable, Limit, MachineDifference, MadeUp, Misfit, Misread, NoReference,
    NoiseSetting, Outcome, Trouble,
};

/// Characters of what somebody else said, within a sentence.
const LONGEST: usize = 400;

/// What is said of what a run did not get to.
pub const NOT_REACHED: &str = "the run ended before this was tried; run the same command again to continue";

/// Why a cell has its verdict, where no exception says it; and what it is on another machine, if something else.
pub fn reason(cell: &CellRecord) -> Option<String> {
    let other = cell.elsewhere.as_deref().map(elsewhere);
    match (own_reason(cell), other) {
        (Some(own), Some(other)) => Some(format!("{own}; {other}")),
        (own, other) => own.or(other),
    }
}

/// What another machine made of a cell, with both locks.
fn elsewhere(other: &MachineDifference) -> String {
    let here = other.lock.map_or_else(|| "unknown".to_owned(), |lock| lock.short());
    format!(
        "on another machine, where the lock is {} instead of {here}, it is {} with other outputs",
        other.other_lock.short(),
        other.verdict
    )
}

fn own_reason(cell: &CellRecord) -> Option<String> {
    Some(match &cell.cause {
        Cause::None if cell.is_noise() => noise(cell),
        Cause::None if is_synthetic(cell) => "on synthetic inputs".to_owned(),
        Cause::None | Cause::Differs | Cause::Raised { misread: None } => return None,
        Cause::RuledOut { requirement } => format!("the matrix restricts it to {requirement}"),
        Cause::Inapplicable { why } => inapplicable(cell, why),
        Cause::ClassAbsent { says, .. } => says.clone(),
        Cause::NoReference { why } => {
            format!(
                "it loads and predicts, but there is nothing to compare its outputs with: {}",
                no_reference(why)
            )
        }
        Cause::LoadOnly => "it loads; no prediction was requested".to_owned(),
        Cause::InputsDoNotFit { says, because, inputs, made_up, .. } => match (made_up, because) {
            (Some(guess), Misfit::AlsoWhereMade | Misfit::Synthetic) => guessed(says, guess),
            _ => misfit(says, *because, inputs),
        },
        Cause::NotAModel { says } => format!("it loads, but it is not a model: {says}"),
        Cause::ExpectedMistyped { output, how, place } => {
            format!("{}: {}", expected::place(place), expected::mistyped(output, how))
        }
        Cause::Random { outputs } => format!(
            "{} is random: it also differs in {} with another seed, so no release is to blame",
            join(outputs),
            cell.producer
        ),
        Cause::Refused { says, .. } => says.clone(),
        Cause::Raised { misread: Some(Misread::AlignmentPad { written, read }) } => format!(
            "joblib {read} misreads the aligned arrays of joblib {written}: install joblib 1.2 or later there"
        ),
        Cause::Signal { signal, printed } => format!("died of {}{}", signal_name(*signal), after(printed)),
        Cause::Exited { status, printed } => {
            format!("the process exited with status {status}{}", after(printed))
        }
        Cause::Limit { limit } => limit_text(*limit),
        Cause::Environment { trouble } => trouble_text(cell, trouble),
    })
}

/// Why a cell counts as roundoff although outputs are outside tolerance: each with its floor.
fn noise(cell: &CellRecord) -> String {
    let outside = cell.outputs.iter().filter(|(_, it)| it.agreement == Agreement::Outside);
    let each = outside.filter_map(|(name, it)| {
        let floor = it.noise.as_deref()?;
        Some(if it.flips > 0 {
            format!(
                "{name}: each of {} flips in {} as well {}",
                plural(it.hard_flips(), "label"),
                cell.producer,
                setting(floor.setting)
            )
        } else {
            format!(
                "{name} is off by up to {} and moves by up to {} in {} itself {} (noise floor)",
                number(it.max_abs.0),
                number(floor.max_abs.0),
                cell.producer,
                setting(floor.setting)
            )
        })
    });
    let each: Vec<String> = each.collect();
    let on = if is_synthetic(cell) { ", on synthetic inputs" } else { "" };
    format!("{}{on}", each.join("; "))
}

/// A way of computing, as the end of a sentence.
pub(super) fn setting(setting: NoiseSetting) -> String {
    match (setting, setting.variables()) {
        (NoiseSetting::Unchanged, _) | (_, []) => "when it is asked again".to_owned(),
        (NoiseSetting::TwoThreads, _) => "with two threads".to_owned(),
        // The list of features is long, and the word says what it comes to.
        (NoiseSetting::NoVectors, [(name, _), ..]) => {
            format!("with numpy's vector instructions off ({name})")
        }
        (_, [(name, value), ..]) => format!("with {name}={value}"),
    }
}

/// Whether what a cell says rests on random inputs.
fn is_synthetic(cell: &CellRecord) -> bool {
    cell.synthetic
}

/// What a failing cell says: the reason where there is one, else the exception.
pub fn message(cell: &CellRecord) -> String {
    reason(cell).or_else(|| cell.error.as_ref().map(ToString::to_string)).unwrap_or_default()
}

/// Why an artifact does not exist that a producer was to write in a format.
pub fn absence_reason(absence: &ArtifactAbsence, producer: &EnvName, format: &FormatName) -> String {
    match absence {
        ArtifactAbsence::RuledOut { requirement } => {
            format!("the matrix restricts it to {requirement}")
        }
        ArtifactAbsence::ClassAbsent { reason }
        | ArtifactAbsence::Unsupported { reason }
        | ArtifactAbsence::Refused { reason, .. } => reason.clone(),
        ArtifactAbsence::NoOutput => NO_OUTPUT.to_owned(),
        ArtifactAbsence::NoOutputHeld { methods } => no_output_held(methods),
        ArtifactAbsence::TrainFailed { error } => format!("training failed in {producer}: {}", brief(error)),
        ArtifactAbsence::NotInstalled { reason } => format!("{} in {producer}: {reason}", format),
        ArtifactAbsence::SaveFailed { error } => {
            format!("{} cannot hold this model: {}", format, brief(error))
        }
        ArtifactAbsence::Died { reason } => format!("training failed in {producer}: {reason}"),
        ArtifactAbsence::Disturbed { by } => disturbed(producer, by),
    }
}

/// Why an artifact does not exist, or what its own producer did with it instead of predicting.
pub fn absence(artifact: &ArtifactRecord) -> Option<String> {
    let producer = &artifact.producer;
    let absence =
        artifact.absence.as_ref().map(|absence| absence_reason(absence, producer, &artifact.format));
    absence.or_else(|| {
        let outcome = artifact.producer_fails.as_ref()?;
        Some(format!("{producer} {}", instead_of_predicting(outcome)))
    })
}

/// Why an environment could not be used.
pub fn broken(environment: &EnvironmentRecord) -> Option<String> {
    environment.error.clone().or_else(|| environment.not_reached.then(|| NOT_REACHED.to_owned()))
}

const NO_OUTPUT: &str =
    "the model has no output to compare: name some with `methods`, for example [\"labels_\"]";

fn no_output_held(methods: &[String]) -> String {
    format!("the format holds none of the outputs of the model ({})", join(methods))
}

fn inapplicable(cell: &CellRecord, why: &Inapplicable) -> String {
    match why {
        Inapplicable::Format { says } => says.clone(),
        Inapplicable::CannotHold { error } => {
            format!("{} cannot hold this model: {}", cell.format, brief(error))
        }
        Inapplicable::NoOutputHeld { methods } => no_output_held(methods),
        Inapplicable::NoOutput => NO_OUTPUT.to_owned(),
        Inapplicable::NotOnThisMachine { environment, says } => format!("{environment}: {says}"),
    }
}

fn no_reference(why: &NoReference) -> String {
    match why {
        NoReference::UnknownProducer => "its producer is unknown".to_owned(),
        NoReference::ProducerNotMade { environment, says } => not_made(environment, says),
        NoReference::ProducerFails { environment, outcome } => {
            format!("{environment}, its presumed producer, {}", instead_of_predicting(outcome))
        }
        NoReference::ProducerSilent { environment } => format!("{environment} produced no reference"),
    }
}

fn misfit(says: &str, because: Misfit, inputs: &str) -> String {
    let from = if inputs.is_empty() { String::new() } else { format!(" ({inputs})") };
    let says = gist(says, LONGEST);
    match because {
        Misfit::Compared => format!("it loads; {says}{from}"),
        Misfit::AlsoWhereMade => {
            format!("it loads, but the inputs do not fit it, not even in its producer: {says}{from}")
        }
        Misfit::NameNotSaved => format!(
            "it loads, but a function in it uses a name of the script that saved it, and that is not in the file: {says}"
        ),
        Misfit::Unserved => format!(
            "it loads, but predicting asks the machine for something that it does not get, in its producer either: {says}"
        ),
        Misfit::NotFitted => format!("it loads, but it was saved before it was fitted: {says}"),
        Misfit::Synthetic => format!("it loads, but the synthetic inputs may not fit it: {says}"),
    }
}

/// What a model said to inputs of a width that was guessed: nobody is to blame for a guess.
fn guessed(says: &str, guess: &MadeUp) -> String {
    format!(
        "it loads; it does not say how many columns it was fitted on, and random numbers in {} do not fit it: {}",
        expected::columns(guess),
        gist(says, LONGEST)
    )
}

fn limit_text(limit: Limit) -> String {
    match limit {
        Limit::Time { seconds } => format!(
            "did not finish within {seconds} s (more: --timeout SECONDS, or time under limits in a matrix)"
        ),
        Limit::Memory { bytes: Some(bytes) } => format!("needed more than {} MiB", bytes >> 20),
        Limit::Memory { bytes: None } => "requested more memory than its limit allows".to_owned(),
    }
}

fn trouble_text(cell: &CellRecord, trouble: &Trouble) -> String {
    match trouble {
        Trouble::NotReached => NOT_REACHED.to_owned(),
        Trouble::NotMade { environment, says } => not_made(environment, says),
        Trouble::TrainingFailed { environment, error } => {
            format!("training failed in {environment}: {}", brief(error))
        }
        Trouble::TrainingDied { environment, says } => format!("training failed in {environment}: {says}"),
        Trouble::NotInstalled { environment, says } => format!("{} in {environment}: {says}", cell.format),
        Trouble::PackageMissing { package, environments } => match environments.as_slice() {
            [one] => format!("it needs {package}, which is not installed in {one}"),
            _ => format!("it needs {package}, which is not installed in {}", both(environments)),
        },
        Trouble::ModuleMissing { module, environments, given } => format!(
            "it needs the module {module}, which no package known to shelflife brings and which {} {}",
            if *given {
                "is not in the modules that were given, nor installed in"
            } else {
                "is not installed in"
            },
            both(environments)
        ),
        Trouble::OtherRelease { package, module, environments } => format!(
            "the release of {package} in {} has no {module}: the file was written by another one",
            both(environments)
        ),
        Trouble::NotImportable { environment, package, error, .. } => {
            format!("{package} is installed in {environment} and cannot be imported there: {}", brief(error))
        }
        Trouble::Lost { says, .. } => says.clone(),
        Trouble::Disturbed { environment, by } => disturbed(environment, by),
        Trouble::ProducerFails { environment, outcome } => format!(
            "there is no reference to compare with: {environment} {} on its own artifact",
            instead_of_predicting(outcome)
        ),
        Trouble::NotCompared => "its outputs were not compared".to_owned(),
        Trouble::NothingToCompare => "there was no output to compare".to_owned(),
        Trouble::DamagedOutput { output, says } => format!("the recorded output {output} is damaged: {says}"),
    }
}

/// What the machine did. The file is not at fault, and nothing here may sound as if it was.
fn disturbed(environment: &EnvName, by: &Disturbance) -> String {
    match by {
        Disturbance::Killed { signal } => format!(
            "a process in {environment} was killed from outside by {}, and killed again when it was tried once more",
            signal_name(*signal)
        ),
        Disturbance::InterpreterLost { says } => {
            format!("the interpreter of {environment} was lost twice: {}", gist(says, LONGEST))
        }
        Disturbance::FullDisk { folder, free_bytes: Some(bytes) } => {
            format!("the disk of `{folder}` was full ({} MiB are free)", bytes >> 20)
        }
        Disturbance::FullDisk { folder, free_bytes: None } => format!("the disk of `{folder}` was full"),
    }
}

fn both(names: &[EnvName]) -> String {
    let names: Vec<&str> = names.iter().map(EnvName::as_str).collect();
    names.join(" and ")
}

/// Steps of a proof that are shown.
const MOST_STEPS: usize = 3;

/// A line of an installer without what marks it.
fn unmarked(line: &str) -> &str {
    ["cause: ", "error: "].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line)
}

/// The same words wherever an environment is missing, so that it is one finding. A first line that only announces
/// something is followed by the last one: installers and interpreters say there what it came to.
fn not_made(name: &EnvName, reason: &str) -> String {
    let first = first_line(reason);
    let lines: Vec<&str> =
        reason.lines().map(str::trim).filter(|line| !line.is_empty()).map(unmarked).collect();
    // What uv concludes from one thing after the other begins with what is in the way.
    let proof = lines.iter().position(|line| line.starts_with("Because ")).unwrap_or(lines.len());
    let last = match lines.get(proof..).unwrap_or_default() {
        [] => lines.last().map_or_else(String::new, |line| (*line).to_owned()),
        [because, .., end] if lines.len() - proof > MOST_STEPS => format!("{because} [...] {end}"),
        steps => steps.join(" "),
    };
    if first.ends_with(':') && !first.ends_with(&last) {
        format!("{name} could not be made: {first} {last}")
    } else {
        format!("{name} could not be made: {}", first.trim_end_matches(':'))
    }
}

/// What a producer did, as the rest of a sentence that begins with its name.
pub(super) fn instead_of_predicting(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Predicted { .. } => "predicted".to_owned(),
        Outcome::Raised { error, .. } => format!("raised {}", brief(error)),
        Outcome::Unfit { says, .. } => format!("reported: {says}"),
        Outcome::Inapplicable { reason } | Outcome::NotInstalled { reason } => format!("reported: {reason}"),
        Outcome::Signalled { signal, .. } => format!("died of {}", signal_name(*signal)),
        Outcome::Exited { status, .. } => format!("exited with status {status}"),
        Outcome::TimedOut { .. } => "exceeded the time limit".to_owned(),
        Outcome::OutOfMemory { .. } => "exceeded the memory limit".to_owned(),
        Outcome::Disturbed { by: Disturbance::FullDisk { .. } } => "ran into a full disk".to_owned(),
        Outcome::Disturbed { by: Disturbance::Killed { .. } | Disturbance::InterpreterLost { .. } } => {
            "was killed from outside".to_owned()
        }
    }
}

/// An exception in one line.
fn brief(error: &ErrorFact) -> String {
    gist(&error.to_string(), LONGEST)
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim()
}

fn after(printed: &Option<String>) -> String {
    printed.as_ref().map(|text| format!(", after printing: {}", line(text))).unwrap_or_default()
}

/// Names of the signals that end processes, on every Linux architecture that shelflife runs on.
pub fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    format!("{name} (signal {signal})")
}
