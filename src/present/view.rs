//! One view over a judged run, computed once and read by every renderer.

use std::collections::{BTreeMap, HashMap};

use super::crossing::Crossing;
use super::finding_text::FindingText;
use super::words::{Counts, WORST_FIRST, join, line, plural};
use crate::notation;
use crate::vocab::{
    Cause, CellRecord, EnvironmentRecord, ExpectationNote, Finding, FindingKind, OutputComparison, Record,
    Status, Trouble, Verdict,
};

/// A judged run as tables and lists.
#[derive(Clone, Debug)]
pub struct View<'r> {
    /// What it is a view of.
    pub record: &'r Record,
    /// The rows of the table: environments that write, in plan order.
    pub producers: Vec<Axis<'r>>,
    /// Its columns: environments that read, in plan order.
    pub consumers: Vec<Axis<'r>>,
    /// Row by row, one entry a producer and consumer.
    pub pairs: Vec<Pair>,
    /// The models in plan order.
    pub models: Vec<&'r str>,
    /// The formats in plan order.
    pub formats: Vec<&'r str>,
    /// All cells by verdict.
    pub counts: Counts,
    /// All findings in the order of reports: by section, in judged runs what is unexpected first.
    pub findings: Vec<FindingView<'r>>,
    /// Environments that could not be made and that no finding speaks of.
    pub broken_environments: Vec<&'r EnvironmentRecord>,
    /// Declared failures that work now, by declaration: they contradict what was declared, but nothing is
    /// wrong with them, so that no finding speaks of them.
    pub fixed: Vec<Fixed<'r>>,
    /// Pairs of the same scikit-learn on machines of other pointer widths or byte orders.
    pub crossings: Vec<Crossing>,
}

/// Cells that are declared as failing in one place, and work.
#[derive(Clone, Copy, Debug)]
pub struct Fixed<'r> {
    /// Where it is declared; empty where it was a baseline that failed.
    pub declared_at: &'r str,
    /// How many cells.
    pub cells: u64,
    /// The first of them.
    pub example: &'r CellRecord,
}

impl Fixed<'_> {
    /// The heading over all of them.
    pub const TITLE: &'static str = "Fixed";

    /// What to do about it, in one line.
    pub fn advice(&self) -> String {
        let cell = self.example;
        let place = match self.declared_at {
            "" => "make a new baseline from this run".to_owned(),
            place => format!("narrow or remove the [[expect]] at {}", line(place)),
        };
        format!(
            "{} although declared as failing, e.g. {} from {} in {}: {place}",
            if self.cells == 1 { "1 cell works".to_owned() } else { format!("{} cells work", self.cells) },
            line(cell.model.as_str()),
            line(cell.producer.as_str()),
            line(cell.consumer.as_str()),
        )
    }
}

/// One environment on an axis of the table.
#[derive(Clone, Copy, Debug)]
pub struct Axis<'r> {
    /// Its name.
    pub name: &'r str,
    /// What is known about it; `None` where only cells mention it.
    pub environment: Option<&'r EnvironmentRecord>,
}

impl Axis<'_> {
    /// `Python 3.11.7, scikit-learn 1.5.2, numpy 2.1.3, x86_64 64-bit`, as far as known.
    pub fn about(&self) -> String {
        self.environment.map(environment_line).unwrap_or_default()
    }
}

/// `Python 3.11.7, scikit-learn 1.5.2, numpy 2.1.3, x86_64 64-bit`, as far as known.
pub fn environment_line(environment: &EnvironmentRecord) -> String {
    let mut parts = Vec::new();
    if !environment.python.is_empty() {
        parts.push(format!("Python {}", line(&environment.python)));
    }
    for package in ["scikit-learn", "numpy"] {
        if let Some(version) = environment.packages.get(package) {
            parts.push(format!("{package} {}", line(version)));
        }
    }
    if !environment.arch.is_empty() {
        parts.push(format!("{} {}-bit", line(&environment.arch), environment.bits));
    }
    join(parts)
}

/// All cells of one producer and consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Index into [`View::producers`].
    pub producer: usize,
    /// Index into [`View::consumers`].
    pub consumer: usize,
    /// The cells by verdict.
    pub counts: Counts,
}

/// Where a finding stands in a report; the order is the order of reports, silent differences first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    /// Silently different outputs.
    Silent,
    /// Outputs that already differ between two loads in their own producer.
    Nondeterministic,
    /// Raised, died or ran into a limit.
    Failure,
    /// Environments that could not be made.
    Environment,
    /// Files that were tried, with nothing to judge them by.
    Unjudged,
    /// Not tried when the run ended.
    NotTried,
    /// Outside tolerance, and no further than it moves in its own producer.
    Noise,
    /// Not applicable.
    Unsupported,
}

/// The heading over findings without a known cause.
pub const UNEXPLAINED: &str = "Unexplained";
/// What to do about them.
pub const UNEXPLAINED_ADVICE: &str =
    "No known cause matches these. Reproduce one by hand before you trust or blame the file.";

impl Section {
    /// Every section in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Silent,
        Self::Nondeterministic,
        Self::Failure,
        Self::Environment,
        Self::Unjudged,
        Self::NotTried,
        Self::Noise,
        Self::Unsupported,
    ];

    /// The section of a kind of finding.
    pub const fn of(kind: FindingKind) -> Self {
        match kind {
            FindingKind::Drift => Self::Silent,
            FindingKind::Nondeterministic => Self::Nondeterministic,
            FindingKind::Failure => Self::Failure,
            FindingKind::Environment => Self::Environment,
            FindingKind::Unjudged => Self::Unjudged,
            FindingKind::NotTried => Self::NotTried,
            FindingKind::Noise => Self::Noise,
            FindingKind::Unsupported => Self::Unsupported,
        }
    }

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Silent => "Silently different",
            Self::Nondeterministic => "Not reproducible",
            Self::Failure => "Fails",
            Self::Environment => "Environments without a verdict",
            Self::Unjudged => "Tried and not judged",
            Self::NotTried => "Not tried",
            Self::Noise => "Roundoff by a measured noise floor",
            Self::Unsupported => "Does not apply",
        }
    }

    /// What it means and what to do about it, where a finding has no remedy of its own.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Silent => {
                "Loads and predicts without an error, but gives different values. Retrain the model in the \
                 environment that serves it, stay on the producer's version, or declare it with [[expect]]."
            }
            Self::Nondeterministic => {
                "Differs between two loads in its own producer, so a difference in another environment means \
                 nothing. Set random_state, or restrict the outputs to compare with `methods`."
            }
            Self::Failure => {
                "Raises an exception, crashes or exceeds a limit. Retrain the model in the environment that \
                 serves it, pin the package to blame, or declare it with [[expect]]."
            }
            Self::Environment => {
                "Could not be made, or fails on its own, so nothing is known about the artifacts in it. Fix it \
                 and run the same command again: finished cells are kept."
            }
            Self::Unjudged => {
                "Tried, but there is nothing to judge it by yet: provide what is missing and run the same \
                 command again."
            }
            Self::NotTried => {
                "The run ended before these were tried, so nothing is known about them. Run the same command again: \
                 it goes on where it stopped."
            }
            Self::Noise => {
                "Outside tolerance, but these outputs move as much in the environment that made them, as soon as \
                 it computes in another way: they have no more digits than that. Do not rely on the rest."
            }
            Self::Unsupported => {
                "Declared or found not to apply. No action is needed unless you expected it to work."
            }
        }
    }
}

/// The cell of a finding whose difference is largest.
#[derive(Clone, Copy, Debug)]
pub struct WorstCell<'r> {
    /// The cell.
    pub cell: &'r CellRecord,
    /// Name of its worst output.
    pub output: &'r str,
    /// The facts of that output.
    pub facts: &'r OutputComparison,
}

/// A finding with what is looked up for it.
#[derive(Clone, Debug)]
pub struct FindingView<'r> {
    /// The finding.
    pub finding: &'r Finding,
    /// Its place in the report.
    pub section: Section,
    /// The cell with the largest difference, for differences.
    pub worst: Option<WorstCell<'r>>,
    /// The first of its cells, as an example.
    pub example: Option<&'r CellRecord>,
    /// Its cells by status; empty in a survey.
    pub statuses: BTreeMap<Status, u64>,
    /// The declaration that covers its cells, if there is one.
    pub declared: Option<&'r ExpectationNote>,
    /// The finding in words.
    pub text: FindingText,
    /// What to do next: its own remedy, else that of the environment that could not be made.
    pub remedy: Option<String>,
}

impl<'r> FindingView<'r> {
    fn new(record: &'r Record, finding: &'r Finding) -> Self {
        // An index that points nowhere can only come from a record edited by hand; it is passed over.
        let cells = || finding.cells.iter().filter_map(|index| record.cells.get(*index));
        let mut statuses = BTreeMap::new();
        for status in cells().filter_map(|cell| cell.status) {
            *statuses.entry(status).or_insert(0) += 1;
        }
        let worst = cells()
            .filter_map(|cell| {
                let (output, facts) = cell.worst_output()?;
                Some(WorstCell { cell, output, facts })
            })
            // The first of equals: the example that stands first in every other list, too.
            .reduce(|a, b| if excess(b.facts) > excess(a.facts) { b } else { a });
        let environment_remedy = || {
            let broken = || record.environments.iter().filter(|environment| environment.is_broken());
            let is_hit = |environment: &&EnvironmentRecord| {
                finding.pairs.iter().any(|(from, to)| *from == environment.name || *to == environment.name)
            };
            broken().find(is_hit).and_then(|environment| environment.remedy.clone())
        };
        let is_environment = finding.kind == FindingKind::Environment;
        let text = FindingText::new(record, finding);
        Self {
            finding,
            section: Section::of(finding.kind),
            remedy: text.remedy.clone().or_else(|| is_environment.then(environment_remedy).flatten()),
            text,
            worst,
            example: cells().next(),
            statuses,
            declared: cells().find_map(|cell| cell.expected.as_ref()),
        }
    }

    /// Whether every one of its cells is as declared, so that nobody has to look.
    pub fn is_as_declared(&self) -> bool {
        // An environment that is missing is worth a line whatever its cells were judged as, unless somebody
        // declared just that.
        let passes = self.section != Section::Environment;
        // A floor decides something, and whoever relies on the digits has to see it.
        self.section != Section::Noise
            && !self.statuses.is_empty()
            && self.statuses.keys().all(|status| match status {
                Status::Known => true,
                Status::Pass => passes,
                Status::Skipped => passes,
                Status::Regression
                | Status::Allowed
                | Status::Fixed
                | Status::New
                | Status::Flaky
                | Status::Unjudged => false,
            })
    }

    /// Models and title, without saying the model twice.
    pub fn brief(&self) -> String {
        match self.section {
            // Titles of differences begin with the model.
            Section::Silent | Section::Nondeterministic | Section::Noise => {
                line(&self.text.title).into_owned()
            }
            Section::Failure
            | Section::Environment
            | Section::Unjudged
            | Section::NotTried
            | Section::Unsupported => {
                format!("{}: {}", self.models(), line(&self.text.title))
            }
        }
    }

    /// Its models: `kmeans`, `kmeans, pca and 3 more`.
    pub fn models(&self) -> String {
        abridged(self.finding.models.iter().map(|name| name.as_str()), 2)
    }

    /// Its formats: `pickle`, `pickle, joblib and 2 more`; empty where all formats of the run are hit.
    pub fn formats(&self, view: &View<'_>) -> String {
        if self.finding.formats.len() >= view.formats.len() {
            return String::new();
        }
        abridged(self.finding.formats.iter().map(|name| name.as_str()), 2)
    }
}

fn excess(facts: &OutputComparison) -> f64 {
    if facts.mismatch.is_some() || facts.nonfinite_differ > 0 {
        f64::INFINITY
    } else {
        facts.relative_excess()
    }
}

/// The first few items and how many more there are.
pub fn abridged<'a>(items: impl ExactSizeIterator<Item = &'a str>, show: usize) -> String {
    notation::abridged(items.map(line), show)
}

impl<'r> View<'r> {
    /// Computes the view. Linear in the number of cells.
    pub fn new(record: &'r Record) -> Self {
        let mut producers = AxisBuilder::new(record.environments.iter().filter(|env| env.producer));
        let mut consumers = AxisBuilder::new(record.environments.iter().filter(|env| env.consumer));
        let mut formats = Vec::new();
        let mut models = Vec::new();
        for artifact in &record.artifacts {
            push_new(&mut formats, artifact.format.as_str());
        }
        let mut located = Vec::with_capacity(record.cells.len());
        for cell in &record.cells {
            located.push((
                producers.position(cell.producer.as_str()),
                consumers.position(cell.consumer.as_str()),
            ));
        }
        for name in record.artifacts.iter().map(|artifact| artifact.model.as_str()) {
            // Artifacts of one model stand together, so that comparing with the last one is enough mostly.
            if models.last() != Some(&name) {
                push_new(&mut models, name);
            }
        }
        let (producers, consumers) = (producers.axis, consumers.axis);
        let mut pairs: Vec<Pair> = (0..producers.len())
            .flat_map(|producer| {
                (0..consumers.len()).map(move |consumer| Pair {
                    producer,
                    consumer,
                    counts: Counts::default(),
                })
            })
            .collect();
        let mut counts = Counts::default();
        for (cell, (producer, consumer)) in record.cells.iter().zip(located) {
            pairs[producer * consumers.len() + consumer].counts.add(cell.verdict);
            counts.add(cell.verdict);
        }
        let mut findings: Vec<_> =
            record.findings.iter().map(|finding| FindingView::new(record, finding)).collect();
        // Stable: within a section and an urgency the judge's order, worst first, stays.
        findings.sort_by_key(|view| {
            let is_bad = view.statuses.keys().any(|status| status.is_bad());
            (view.section, view.is_as_declared(), !is_bad)
        });
        let broken_environments =
            record.environments.iter().filter(|env| env.is_broken() && !is_mentioned(record, env)).collect();
        let fixed = fixed(record);
        Self {
            record,
            producers,
            consumers,
            pairs,
            models,
            formats,
            counts,
            findings,
            broken_environments,
            fixed,
            crossings: Crossing::all(record),
        }
    }

    /// The pair at a row and a column.
    pub fn pair(&self, producer: usize, consumer: usize) -> &Pair {
        &self.pairs[producer * self.consumers.len() + consumer]
    }

    /// The findings that no known cause explains, in the order of reports: what nobody has understood yet.
    pub fn unexplained(&self) -> impl Iterator<Item = &FindingView<'r>> {
        self.findings.iter().filter(|view| {
            view.finding.rule.is_none()
                && matches!(view.section, Section::Silent | Section::Failure)
                && view.finding.cells.iter().any(|index| !self.record.cells[*index].was_refused())
        })
    }

    /// What the known causes explain, in one sentence; nothing where nothing fails.
    pub fn explained_sentence(&self) -> Option<String> {
        let summary = &self.record.summary;
        match (summary.explained, summary.unexplained) {
            (0, 0) => None,
            (1, 0) => Some("the one cell that fails or drifts has a known cause".to_owned()),
            (explained, 0) => Some(format!("all {explained} cells that fail or drift have a known cause")),
            (explained, unexplained) => Some(format!(
                "{explained} of {} that fail or drift have a known cause, {unexplained} have none",
                plural(explained + unexplained, "cell")
            )),
        }
    }

    /// The findings of one section, in the order of reports.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &FindingView<'r>> {
        self.findings.iter().filter(move |view| view.section == section)
    }

    /// The verdicts worth gating on that occur here, for the advice at the end of a survey.
    pub fn gate_on(&self) -> String {
        let bad: Vec<_> = WORST_FIRST
            .into_iter()
            .filter(|verdict| verdict.fails() && self.counts.get(*verdict) > 0)
            .map(Verdict::as_str)
            .collect();
        if bad.is_empty() { "drift,load-error".to_owned() } else { bad.join(",") }
    }
}

/// Whether a finding speaks of this environment: each cell that it is to blame for is part of one.
fn is_mentioned(record: &Record, environment: &EnvironmentRecord) -> bool {
    record.cells.iter().any(|cell| match &cell.cause {
        Cause::Environment { trouble: Trouble::NotReached } => environment.not_reached,
        cause => cause.environment() == Some(&environment.name),
    })
}

fn fixed(record: &Record) -> Vec<Fixed<'_>> {
    let mut found: Vec<Fixed<'_>> = Vec::new();
    for cell in record.cells.iter().filter(|cell| cell.status == Some(Status::Fixed)) {
        let declared_at = cell.expected.as_ref().map_or("", |note| note.declared_at.as_str());
        match found.iter_mut().find(|fixed| fixed.declared_at == declared_at) {
            Some(fixed) => fixed.cells += 1,
            None => found.push(Fixed { declared_at, cells: 1, example: cell }),
        }
    }
    found
}

fn push_new<'r>(names: &mut Vec<&'r str>, name: &'r str) {
    if !names.contains(&name) {
        names.push(name);
    }
}

struct AxisBuilder<'r> {
    axis: Vec<Axis<'r>>,
    positions: HashMap<&'r str, usize>,
}

impl<'r> AxisBuilder<'r> {
    fn new(environments: impl Iterator<Item = &'r EnvironmentRecord>) -> Self {
        let mut builder = Self { axis: Vec::new(), positions: HashMap::new() };
        for environment in environments {
            let name = environment.name.as_str();
            builder.positions.entry(name).or_insert_with(|| {
                builder.axis.push(Axis { name, environment: Some(environment) });
                builder.axis.len() - 1
            });
        }
        builder
    }

    /// The position of a name; one that only cells mention is added at the end.
    fn position(&mut self, name: &'r str) -> usize {
        *self.positions.entry(name).or_insert_with(|| {
            self.axis.push(Axis { name, environment: None });
            self.axis.len() - 1
        })
    }
}
