//! What to do about a gate: one paragraph for a cause, however many models it hits.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::answer::is_asked;
use super::trouble::{message, trouble, troubles};
use super::{Answer, GateView, dangerous};
use crate::explain;
use crate::present::finding_text::FindingText;
use crate::present::isolation;
use crate::present::markup::{code, prose, spans};
use crate::present::repeat::Repeat;
use crate::vocab::{ArtifactRecord, CellRecord, EnvName, Finding, Next, Status, Verdict};

/// Things to do that are told.
const MOST: usize = 20;
/// Models or environments of one of them that are named.
const MOST_NAMED: usize = 5;

/// What a record says of its cells, so that nothing is looked for cell by cell.
struct Index<'a> {
    view: &'a GateView<'a>,
    /// The finding of each cell, by the index of both.
    finding: HashMap<usize, usize>,
    /// The cells of each artifact in the environment that is left.
    left: HashMap<&'a str, &'a CellRecord>,
    artifacts: HashMap<&'a str, &'a ArtifactRecord>,
    /// Whole commands.
    repeat: Repeat<'a>,
}

impl<'a> Index<'a> {
    fn new(view: &'a GateView<'a>) -> Self {
        let record = view.record;
        let mut finding = HashMap::new();
        for (index, known) in record.findings.iter().enumerate() {
            finding.extend(known.cells.iter().map(|cell| (*cell, index)));
        }
        let left = record.cells.iter().filter(|cell| view.from == Some(&cell.consumer));
        Self {
            view,
            finding,
            left: left.map(|cell| (cell.artifact.as_str(), cell)).collect(),
            artifacts: record.artifacts.iter().map(|artifact| (artifact.id.as_str(), artifact)).collect(),
            repeat: Repeat::new(record),
        }
    }

    /// The cells with a status, those of one cause and one status together, in the order of the record.
    fn groups(&self, wanted: impl Fn(Status) -> bool) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut known: HashMap<(Option<Status>, Result<usize, String>), usize> = HashMap::new();
        let judged = self.view.record.cells.iter().enumerate();
        for (index, cell) in
            judged.filter(|(_, cell)| self.view.judges(cell) && cell.status.is_some_and(&wanted))
        {
            let finding = self.finding.get(&index).copied();
            let key = (cell.status, finding.ok_or_else(|| message(cell)));
            let at = *known.entry(key).or_insert_with(|| {
                let finding = finding.map(|index| &self.view.record.findings[index]);
                groups.push(Group { finding, cells: Vec::new() });
                groups.len() - 1
            });
            groups[at].cells.push(cell);
        }
        groups
    }

    /// Where a failing artifact can stay: where it is used today, if it works there; else where it works, or was made.
    fn place(&self, cell: &CellRecord, works_in: &[EnvName]) -> String {
        let loads = |cell: &&CellRecord| !cell.verdict.fails();
        match (self.left.get(cell.artifact.as_str()).filter(|it| loads(it)), works_in.first()) {
            (Some(left), _) => format!("in {}", left.consumer),
            (None, Some(name)) => format!("in {name}"),
            (None, None) => format!("where it was made ({})", cell.producer),
        }
    }

    /// That a failure is nobody's news and still not accepted.
    fn not_accepted(&self, cell: &CellRecord) -> String {
        if cell.status != Some(Status::New) {
            return String::new();
        }
        match self.left.get(cell.artifact.as_str()).filter(|left| left.verdict.fails()) {
            Some(left) => {
                format!(", as it does in {}, and no baseline has accepted that", code(left.consumer.as_str()))
            }
            None => ", and no baseline has accepted that".to_owned(),
        }
    }

    /// Why a cell was not judged.
    fn not_judged(&self, cell: &CellRecord) -> String {
        if !cell.verdict.fails() || cell.was_refused() {
            return message(cell);
        }
        let file = self.artifacts.get(cell.artifact.as_str()).and_then(|artifact| artifact.file.as_ref());
        let what = trouble(cell);
        match self.view.from {
            Some(from) if cell.verdict == Verdict::Drift && file.is_some_and(|file| file.expected) => {
                format!("{from} does not give the expected values either: check them ({what})")
            }
            _ => format!("it also fails in {}, its presumed producer ({what})", cell.producer),
        }
    }
}

/// Cells of one cause.
struct Group<'a> {
    finding: Option<&'a Finding>,
    cells: Vec<&'a CellRecord>,
}

impl Group<'_> {
    /// The models and where they are read: `` `a` and 4 more models in `new` ``.
    fn whom(&self) -> String {
        let models: BTreeSet<&str> = self.cells.iter().map(|cell| cell.model.as_str()).collect();
        let readers: BTreeSet<&str> = self.cells.iter().map(|cell| cell.consumer.as_str()).collect();
        let models = match models.len() {
            1 => named(models),
            count => format!("{count} models ({})", named(models)),
        };
        format!("{models} in {}", named(readers))
    }

    /// What is wrong with it, or with all of them.
    fn trouble(&self) -> String {
        match self.cells.iter().any(|cell| cell.model != self.cells[0].model) {
            true => troubles(self.worst()),
            false => trouble(self.worst()),
        }
    }

    /// The cell that stands for all of them.
    fn worst(&self) -> &CellRecord {
        self.cells[0]
    }

    /// What those do who write the library that reads the files, in plain text.
    fn of_a_library(&self) -> String {
        let written: BTreeSet<&str> = self.cells.iter().map(|cell| cell.producer.as_str()).collect();
        let kept = match self.worst().verdict {
            Verdict::Drift => {
                "give what was predicted before, or say in the release notes what changed and why"
            }
            _ => {
                "read the old state too (a `__setstate__` that fills in what it lacks, a module that keeps the old name), or say \
                 in the release notes that such files have to be made again"
            }
        };
        format!("{kept}. Files of {} are concerned", listed(written))
    }

    /// What to do, in plain text.
    fn remedy(&self, index: &Index<'_>) -> String {
        if is_asked(self.worst()) {
            return "see whether the difference matters, or leave this verdict out of `fail-on`".to_owned();
        }
        let text =
            self.finding.map(|finding| FindingText::new(index.view.record, finding)).unwrap_or_default();
        let known = text.remedy.map(|remedy| remedy.trim_end_matches('.').to_owned());
        let (works_in, trains) = match self.finding.map(|finding| &finding.next) {
            None => (&[][..], true),
            Some(Next::KeepOrRetrain { works_in, trains, .. }) => (works_in.as_slice(), *trains),
            Some(_) => return known.unwrap_or_else(|| "see the details below".to_owned()),
        };
        let them = if self.cells.len() == 1 { "it" } else { "them" };
        if index.view.is_head {
            return self.of_a_library();
        }
        let places: BTreeSet<String> = self.cells.iter().map(|cell| index.place(cell, works_in)).collect();
        let readers: BTreeSet<&str> = self.cells.iter().map(|cell| cell.consumer.as_str()).collect();
        let (places, readers) = (listed(places), listed(readers));
        let general = match trains {
            true => format!("retrain {them} in {readers}, or keep {them} {places}"),
            false => format!("keep {them} {places}: training in {readers} failed as well"),
        };
        let rule = self.worst().rule.as_deref().and_then(explain::find);
        if let Some(rule) = rule.filter(|rule| rule.has_mend()) {
            let command = index.repeat.rescue(&self.cells);
            return format!(
                "rescue {them} without training, with {}; otherwise {general}. Known as {}: {}",
                command.as_deref().unwrap_or("`shelflife rescue`"),
                rule.id,
                rule.remedy.trim_end_matches('.')
            );
        }
        // A known cause often has a way that costs less.
        match (&self.worst().rule, known) {
            (Some(rule), Some(remedy)) => format!("{general}. Known as {rule}: {remedy}"),
            _ => general,
        }
    }
}

/// Names as code, the first of them.
fn named(names: BTreeSet<&str>) -> String {
    listed(names.into_iter().map(code))
}

fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let mut items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let more = items.len().saturating_sub(MOST_NAMED);
    items.truncate(MOST_NAMED);
    match more {
        0 => items.join(", "),
        more => format!("{} and {more} more", items.join(", ")),
    }
}

/// Writes what to do, what stops the gate first.
pub(super) fn write(out: &mut String, view: &GateView<'_>, answer: Answer) {
    let tasks = tasks(view, answer);
    if tasks.is_empty() {
        let _ = writeln!(out, "Nothing to do.\n");
        return;
    }
    let _ = writeln!(out, "**What to do**\n");
    let more = tasks.len().saturating_sub(MOST);
    for task in tasks.iter().take(MOST) {
        let _ = writeln!(out, "- {task}");
    }
    if more > 0 {
        let _ = writeln!(out, "- and {more} more, in the table below");
    }
    out.push('\n');
}

fn tasks(view: &GateView<'_>, answer: Answer) -> Vec<String> {
    let index = Index::new(view);
    let mut tasks = Vec::new();
    for group in index.groups(Status::is_bad) {
        tasks.push(format!(
            "{} {}{}. To do: {}.",
            group.whom(),
            spans(group.trouble().trim_end_matches('.')),
            index.not_accepted(group.worst()),
            spans(&group.remedy(&index))
        ));
    }
    for group in index.groups(|status| status == Status::Unjudged) {
        tasks.push(format!(
            "{} could not be judged: {}",
            group.whom(),
            spans(&index.not_judged(group.worst()))
        ));
    }
    for left_out in &view.record.left_out {
        tasks.push(format!(
            "Left out: {}. To do: {}.",
            spans(&left_out.says),
            spans(left_out.help.trim_end_matches('.'))
        ));
    }
    let files: Vec<String> =
        dangerous(view.record).filter_map(|it| Some(code(&it.file.as_ref()?.path))).collect();
    if !files.is_empty() {
        tasks.push(format!(
            "Loading {} runs commands or code of its own. To do: see with `shelflife inspect` what it does before anybody \
             loads it.",
            listed(files)
        ));
    }
    for suspect in isolation::suspects(view.record) {
        tasks.push(format!(
            "{} is suspicious: it tried {}. All of it was refused. To do: look at it with `shelflife inspect` before anybody \
             loads it.",
            code(&suspect.model),
            prose(&suspect.tried)
        ));
    }
    tasks.extend(isolation::gaps(view.record).map(|gaps| spans(&gaps)));
    for group in index.groups(|status| status == Status::Flaky) {
        tasks.push(format!(
            "{} is flaky: {} at first, and fine when tried again. Fix its `random_state`, or its limits.",
            group.whom(),
            spans(&trouble(group.worst())),
        ));
    }
    let accept = format!("shelflife baseline accept {}", view.run);
    let is_all_asked = answer == Answer::NotYet && view.bad().iter().all(|cell| is_asked(cell));
    if matches!(answer, Answer::NotYet | Answer::OutOfDate) && !is_all_asked {
        tasks.push(format!("If this is intended, run {} and commit the file.", code(&accept)));
    } else if !view.with(|status| status == Status::Fixed).is_empty() {
        tasks.push(format!("Some models work again: run {} to record it.", code(&accept)));
    }
    tasks
}
