//! Why a cell is as it is, in words: every sentence about a cause, written once, from typed facts.

use super::words::{join, line};
use crate::vocab::{
    ArtifactAbsence, ArtifactRecord, Cause, CellRecord, EnvName, EnvironmentRecord, ErrorFact, Inapplicable,
    Limit, Misfit, Misread, NoReference, Outcome, Trouble,
};

/// What is said of what a run did not get to.
pub const NOT_REACHED: &str = "the run ended before it got here; the same command goes on";

/// Why a cell has its verdict, where no exception says it.
pub fn reason(cell: &CellRecord) -> Option<String> {
    Some(match &cell.cause {
        Cause::None if is_synthetic(cell) => "on synthetic inputs".to_owned(),
        Cause::None | Cause::Differs | Cause::Raised { misread: None } => return None,
        Cause::RuledOut { requirement } => format!("the matrix says that it requires {requirement}"),
        Cause::Inapplicable { why } => inapplicable(cell, why),
        Cause::ClassAbsent { says, .. } => says.clone(),
        Cause::NoReference { why } => {
            format!("it loads and predicts, and there is nothing to compare with: {}", no_reference(why))
        }
        Cause::LoadOnly => "it loads; it was not asked to predict".to_owned(),
        Cause::InputsDoNotFit { says, because, inputs, .. } => misfit(says, *because, inputs),
        Cause::NotAModel { says } => format!("it loads, and it is no model: {says}"),
        Cause::Random { outputs } => format!(
            "{} is random: it differs in {} itself with another seed, so that no release can be blamed",
            join(outputs),
            cell.producer
        ),
        Cause::Refused { says } => says.clone(),
        Cause::Raised { misread: Some(Misread::AlignmentPad { written, read }) } => format!(
            "joblib {read} misreads the aligned arrays of joblib {written}: install joblib 1.2 or later there"
        ),
        Cause::Signal { signal, printed } => format!("died of {}{}", signal_name(*signal), after(printed)),
        Cause::Exited { status, printed } => {
            format!("ended its process with status {status}{}", after(printed))
        }
        Cause::Limit { limit } => limit_text(*limit),
        Cause::Environment { trouble } => trouble_text(cell, trouble),
    })
}

/// Whether what a cell says rests on random inputs.
fn is_synthetic(cell: &CellRecord) -> bool {
    cell.synthetic
}

/// What a failing cell says: the reason where there is one, else the exception.
pub fn message(cell: &CellRecord) -> String {
    reason(cell).or_else(|| cell.error.as_ref().map(ToString::to_string)).unwrap_or_default()
}

/// Why an artifact does not exist, or what its own maker did with it instead of predicting.
pub fn absence(artifact: &ArtifactRecord) -> Option<String> {
    let producer = &artifact.producer;
    let absence = artifact.absence.as_ref().map(|absence| match absence {
        ArtifactAbsence::RuledOut { requirement } => {
            format!("the matrix says that it requires {requirement}")
        }
        ArtifactAbsence::ClassAbsent { reason }
        | ArtifactAbsence::Unsupported { reason }
        | ArtifactAbsence::Refused { reason } => reason.clone(),
        ArtifactAbsence::NoOutput => NO_OUTPUT.to_owned(),
        ArtifactAbsence::NoOutputHeld { methods } => no_output_held(methods),
        ArtifactAbsence::TrainFailed { error } => format!("training failed in {producer}: {}", brief(error)),
        ArtifactAbsence::NotInstalled { reason } => format!("{} in {producer}: {reason}", artifact.format),
        ArtifactAbsence::SaveFailed { error } => {
            format!("{} cannot hold this model: {}", artifact.format, brief(error))
        }
        ArtifactAbsence::Died { reason } => format!("training failed in {producer}: {reason}"),
    });
    absence.or_else(|| {
        let outcome = artifact.maker_fails.as_ref()?;
        Some(format!("{producer} {}", instead_of_predicting(outcome)))
    })
}

/// Why an environment could not be used.
pub fn broken(environment: &EnvironmentRecord) -> Option<String> {
    environment.error.clone().or_else(|| environment.not_reached.then(|| NOT_REACHED.to_owned()))
}

const NO_OUTPUT: &str = "it offers no output to compare: name some with `methods`, for example [\"labels_\"]";

fn no_output_held(methods: &[String]) -> String {
    format!("it holds none of the outputs of the model ({})", join(methods))
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
        NoReference::UnknownMaker => "nothing tells what made it".to_owned(),
        NoReference::MakerNotMade { environment, says } => not_made(environment, says),
        NoReference::MakerFails { environment, outcome } => {
            format!("{environment}, which should have made it, {}", instead_of_predicting(outcome))
        }
        NoReference::MakerSilent { environment } => format!("{environment} gave no reference"),
    }
}

fn misfit(says: &str, because: Misfit, inputs: &str) -> String {
    let from = if inputs.is_empty() { String::new() } else { format!(" ({inputs})") };
    let says = first_line(says);
    match because {
        Misfit::Compared => format!("it loads; {says}{from}"),
        Misfit::AlsoWhereMade => {
            format!("it loads; the inputs do not suit it, also where it was made: {says}{from}")
        }
        Misfit::Synthetic => format!("it loads; the synthetic inputs may not suit it: {says}"),
    }
}

fn limit_text(limit: Limit) -> String {
    match limit {
        Limit::Time { seconds } => format!("did not end within {seconds} s"),
        Limit::Memory { bytes: Some(bytes) } => format!("needed more than {} MiB", bytes >> 20),
        Limit::Memory { bytes: None } => "asked for more memory than it may have".to_owned(),
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
            [one] => format!("it needs {package}, and {one} does not have it"),
            _ => format!("it needs {package}, and {} do not have it", both(environments)),
        },
        Trouble::Lost { says, .. } => says.clone(),
        Trouble::ProducerFails { environment, outcome } => format!(
            "there is no reference to compare with: {environment} {} with its own artifact",
            instead_of_predicting(outcome)
        ),
        Trouble::NotCompared => "its outputs were not compared".to_owned(),
        Trouble::NothingToCompare => "there was no output to compare".to_owned(),
        Trouble::DamagedOutput { output, says } => format!("the recorded output {output} is damaged: {says}"),
    }
}

fn both(names: &[EnvName]) -> String {
    let names: Vec<&str> = names.iter().map(EnvName::as_str).collect();
    names.join(" and ")
}

/// The same words wherever an environment is missing, so that it is one finding. A first line that only announces
/// something is followed by the last one: installers and interpreters say there what it came to.
fn not_made(name: &EnvName, reason: &str) -> String {
    let first = first_line(reason);
    let last = reason.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let last = ["cause: ", "error: "].iter().find_map(|mark| last.strip_prefix(mark)).unwrap_or(last);
    if first.ends_with(':') && !first.ends_with(last) {
        format!("{name} could not be made: {first} {last}")
    } else {
        format!("{name} could not be made: {}", first.trim_end_matches(':'))
    }
}

/// What a maker did, as the rest of a sentence that begins with its name.
pub(super) fn instead_of_predicting(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Predicted { .. } => "predicted".to_owned(),
        Outcome::Raised { error, .. } => format!("raised {}", brief(error)),
        Outcome::Unfit { says, .. } => format!("said: {says}"),
        Outcome::Inapplicable { reason } | Outcome::NotInstalled { reason } => format!("said: {reason}"),
        Outcome::Signalled { signal, .. } => format!("died of {}", signal_name(*signal)),
        Outcome::Exited { status, .. } => format!("ended with status {status}"),
        Outcome::TimedOut { .. } => "ran into the time limit".to_owned(),
        Outcome::OutOfMemory { .. } => "ran into the memory limit".to_owned(),
    }
}

/// An exception in one line.
fn brief(error: &ErrorFact) -> String {
    first_line(&error.to_string()).to_owned()
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
