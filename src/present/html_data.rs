//! The cells of a run as compact data inside `report.html`.
//!
//! Most cells of a run repeat each other: their outputs are equal, their errors are equal. So texts, errors
//! and comparison facts stand in tables, each once, and a cell is a short row of indices into them.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufWriter, Write};

use serde::{Deserialize, Serialize};

use super::error::RenderError;
use super::html_findings::finding_id;
use super::html_rows::{CellRow, Columns, DetailRow, DifferingRow, EqualRow, OutputRow, Short};
use super::reasons::reason;
use super::repeat::Repeat;
use super::view::{FindingView, View};
use super::words::{ARROW, Group, WORST_FIRST, block, difference, join, line, shorten, value};
use crate::vocab::{Agreement, CellRecord, ErrorFact, Mismatch, OutputComparison, Real, Stage, Status};

/// Longest error message in the page; the whole one is in `results.json`.
const LONGEST_MESSAGE: usize = 2_000;

/// A cell about which there is nothing to say.
const NO_DETAIL: DetailRow = DetailRow {
    error: -1,
    frames: -1,
    blame: -1,
    reason: -1,
    rule: -1,
    expected: -1,
    command: -1,
    warned: Vec::new(),
};

/// The agreements in the order of their numbers.
const AGREEMENTS: [Agreement; 4] =
    [Agreement::BitEqual, Agreement::Within, Agreement::Outside, Agreement::Mismatched];

const fn agreement_word(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::BitEqual => "bit-equal",
        Agreement::Within => "within tolerance",
        Agreement::Outside => "outside tolerance",
        Agreement::Mismatched => "not comparable",
    }
}

/// The data block: what `templates/report.js` reads. It knows these fields and the names of columns, and nothing of
/// positions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HtmlData {
    /// Which column of a row is which.
    pub columns: Columns,
    /// Names of the rows.
    pub producers: Vec<String>,
    /// Names of the columns.
    pub consumers: Vec<String>,
    /// Names of models.
    pub models: Vec<String>,
    /// Names of formats.
    pub formats: Vec<String>,
    /// The verdicts, worst first.
    pub verdicts: Vec<String>,
    /// The groups of verdicts, in the order in which a pair shows them.
    pub groups: Vec<HtmlGroup>,
    /// The group of each verdict.
    pub verdict_groups: Vec<usize>,
    /// The stages.
    pub stages: Vec<String>,
    /// The statuses.
    pub statuses: Vec<String>,
    /// How outputs can agree, in words.
    pub agreements: Vec<String>,
    /// Texts that cells and tables share.
    pub texts: Vec<String>,
    /// Comparison facts of one output.
    pub outputs: Vec<OutputRow>,
    /// The outputs of one cell, as indices into `outputs`.
    pub sets: Vec<Vec<u32>>,
    /// Words about one cell.
    pub details: Vec<DetailRow>,
    /// What findings say beside their cells.
    pub findings: Vec<HtmlFinding>,
    /// What the command that tries a cell of a trained model again begins with; its names follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// The models that the run has trained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trained: Vec<u32>,
    /// The cells, in the order of the record.
    pub cells: Vec<CellRow>,
}

/// How a group of verdicts is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HtmlGroup {
    /// The name of its style.
    pub class: String,
    /// Its character.
    pub symbol: char,
}

/// A finding beside a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HtmlFinding {
    /// Where it stands in the page.
    pub id: String,
    /// Why it happens; empty where nothing known says that.
    pub why: String,
    /// What to do next; empty where there is nothing.
    pub next: String,
}

impl HtmlFinding {
    fn new(shown: &FindingView<'_>) -> Self {
        let text = |text: Option<&String>| text.map(|text| line(text).into_owned()).unwrap_or_default();
        Self {
            id: finding_id(shown),
            why: text(shown.text.cause.as_ref()),
            next: text(shown.remedy.as_ref()),
        }
    }
}

impl HtmlData {
    /// Collects the data of a run.
    pub fn new(view: &View<'_>) -> Self {
        let mut builder = Builder::new(view);
        let cells = view.record.cells.iter().enumerate().map(|(at, cell)| builder.cell(at, cell)).collect();
        let texts = |names: &[&str]| names.iter().map(|name| line(name).into_owned()).collect();
        let axis = |names: Vec<&str>| names.into_iter().map(|name| line(name).into_owned()).collect();
        Self {
            columns: Columns::written(),
            producers: axis(view.producers.iter().map(|axis| axis.name).collect()),
            consumers: axis(view.consumers.iter().map(|axis| axis.name).collect()),
            models: texts(&view.models),
            formats: texts(&view.formats),
            verdicts: WORST_FIRST.iter().map(|verdict| verdict.to_string()).collect(),
            groups: Group::ALL
                .iter()
                .map(|group| HtmlGroup { class: group.class().to_owned(), symbol: group.symbol() })
                .collect(),
            verdict_groups: WORST_FIRST.iter().map(|verdict| Group::of(*verdict) as usize).collect(),
            agreements: AGREEMENTS.iter().map(|agreement| agreement_word(*agreement).to_owned()).collect(),
            stages: Stage::ALL.iter().map(|stage| stage.to_string()).collect(),
            statuses: Status::ALL.iter().map(|status| status.to_string()).collect(),
            texts: builder.texts.items,
            outputs: builder.outputs,
            sets: builder.sets.items,
            details: builder.details.items,
            findings: view.findings.iter().map(HtmlFinding::new).collect(),
            trained: if builder.again.is_some() { builder.trained.into_iter().collect() } else { Vec::new() },
            again: builder.again,
            cells,
        }
    }

    /// The JSON as it may stand inside a `<script>` element.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_script(&self, out: &mut dyn Write) -> Result<(), RenderError> {
        let mut out = BufWriter::with_capacity(1 << 16, Escaping(out));
        serde_json::to_writer(&mut out, self)?;
        Ok(out.flush()?)
    }
}

/// Writes JSON so that no character in it can end a script element, open a comment or break a line.
struct Escaping<'o>(&'o mut dyn Write);

impl Write for Escaping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut start = 0;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let (replacement, length): (&[u8], usize) = match byte {
                b'<' => (b"\\u003c", 1),
                b'>' => (b"\\u003e", 1),
                b'&' => (b"\\u0026", 1),
                // The first byte of the two separators that break lines in a script: serde gives a text in one piece.
                0xe2 if bytes[at..].starts_with("\u{2028}".as_bytes()) => (b"\\u2028", 3),
                0xe2 if bytes[at..].starts_with("\u{2029}".as_bytes()) => (b"\\u2029", 3),
                _ => {
                    at += 1;
                    continue;
                }
            };
            self.0.write_all(&bytes[start..at])?;
            self.0.write_all(replacement)?;
            at += length;
            start = at;
        }
        self.0.write_all(&bytes[start..])?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Values, each once, in order of first appearance.
struct Interner<T> {
    items: Vec<T>,
    positions: HashMap<T, u32>,
}

impl<T: Clone + Eq + std::hash::Hash> Interner<T> {
    fn new() -> Self {
        Self { items: Vec::new(), positions: HashMap::new() }
    }

    fn of<Q>(&mut self, value: &Q) -> u32
    where
        T: std::borrow::Borrow<Q>,
        Q: ?Sized + Eq + std::hash::Hash + ToOwned<Owned = T>,
    {
        if let Some(position) = self.positions.get(value) {
            return *position;
        }
        let position = self.items.len() as u32;
        self.items.push(value.to_owned());
        self.positions.insert(value.to_owned(), position);
        position
    }
}

/// What makes two outputs show the same. Numbers by their bits, since a float has no hash.
type OutputKey<'r> =
    (&'r str, u64, u8, [u64; 6], Option<&'r Mismatch>, Option<(&'r [u64], &'r str, &'r str)>);

struct Builder<'r> {
    models: HashMap<&'r str, u32>,
    formats: HashMap<&'r str, u32>,
    producers: HashMap<&'r str, u32>,
    consumers: HashMap<&'r str, u32>,
    texts: Interner<String>,
    outputs: Vec<OutputRow>,
    output_positions: HashMap<OutputKey<'r>, u32>,
    sets: Interner<Vec<u32>>,
    details: Interner<DetailRow>,
    /// Errors that were seen already, so that a long message is cleaned once and not once a cell.
    errors: HashMap<&'r ErrorFact, (i32, i32)>,
    /// The finding of each cell.
    findings: HashMap<usize, i32>,
    /// Whole commands.
    repeat: Repeat<'r>,
    /// What those for trained models begin with: one text in the place of one a cell.
    again: Option<String>,
    trained: BTreeSet<u32>,
}

impl<'r> Builder<'r> {
    fn new(view: &View<'r>) -> Self {
        let positions = |names: Vec<&'r str>| {
            names.into_iter().enumerate().map(|(position, name)| (name, position as u32)).collect()
        };
        let findings = view.findings.iter().enumerate();
        let repeat = Repeat::new(view.record);
        let models: HashMap<&str, u32> = positions(view.models.clone());
        let cells = view.record.cells.iter().filter(|cell| repeat.is_trained(cell));
        let trained: BTreeSet<u32> =
            cells.filter_map(|cell| models.get(cell.model.as_str()).copied()).collect();
        let names = trained.iter().filter_map(|at| view.models.get(*at as usize).copied());
        let names = names.chain(view.formats.iter().copied());
        let names = names.chain(view.producers.iter().chain(&view.consumers).map(|axis| axis.name));
        Self {
            again: repeat.beginning(names),
            trained,
            models,
            formats: positions(view.formats.clone()),
            producers: positions(view.producers.iter().map(|axis| axis.name).collect()),
            consumers: positions(view.consumers.iter().map(|axis| axis.name).collect()),
            texts: Interner::new(),
            outputs: Vec::new(),
            output_positions: HashMap::new(),
            sets: Interner::new(),
            details: Interner::new(),
            errors: HashMap::new(),
            findings: findings
                .flat_map(|(at, shown)| shown.finding.cells.iter().map(move |cell| (*cell, at as i32)))
                .collect(),
            repeat,
        }
    }

    fn cell(&mut self, index: usize, cell: &'r CellRecord) -> CellRow {
        let at = |positions: &HashMap<&str, u32>, name: &str| positions.get(name).copied().unwrap_or(0);
        let milliseconds = |seconds: Option<f64>| Short::from(seconds.map_or(-1.0, |value| value * 1e3));
        let verdict = WORST_FIRST.iter().position(|verdict| *verdict == cell.verdict).unwrap_or(0);
        CellRow {
            model: at(&self.models, cell.model.as_str()),
            format: at(&self.formats, cell.format.as_str()),
            producer: at(&self.producers, cell.producer.as_str()),
            consumer: at(&self.consumers, cell.consumer.as_str()),
            verdict: verdict as u8,
            stage: cell.stage as u8,
            status: cell.status.map_or(-1, |status| status as i8),
            set: self.set(cell),
            detail: self.detail(cell),
            finding: self.findings.get(&index).copied().unwrap_or(-1),
            load: milliseconds(cell.load_seconds),
            predict: milliseconds(cell.predict_seconds),
            memory: cell.peak_rss_bytes.map_or(-1.0, |bytes| bytes as f64 / f64::from(1 << 20)).into(),
        }
    }

    fn text(&mut self, text: &str) -> i32 {
        self.texts.of(text) as i32
    }

    fn line(&mut self, text: Option<&str>) -> i32 {
        text.map_or(-1, |text| self.text(&line(text)))
    }

    fn set(&mut self, cell: &'r CellRecord) -> i32 {
        if cell.outputs.is_empty() {
            return -1;
        }
        let set: Vec<u32> = cell.outputs.iter().map(|(name, facts)| self.output(name, facts)).collect();
        self.sets.of(&set) as i32
    }

    fn output(&mut self, name: &'r str, facts: &'r OutputComparison) -> u32 {
        let numbers = [
            Short::from(facts.max_abs.0).0.0.to_bits(),
            Short::from(facts.max_rel.0).0.0.to_bits(),
            Short::from(facts.max_ulp as f64).0.0.to_bits(),
            facts.flips,
            facts.tie_flips,
            facts.nonfinite_differ,
        ];
        let worst = facts
            .worst
            .as_ref()
            .map(|worst| (worst.index.as_slice(), worst.reference.as_str(), worst.observed.as_str()));
        let key = (name, facts.elements, facts.agreement as u8, numbers, facts.mismatch.as_ref(), worst);
        if let Some(position) = self.output_positions.get(&key) {
            return *position;
        }
        let row = self.output_row(name, facts);
        let position = self.outputs.len() as u32;
        self.outputs.push(row);
        self.output_positions.insert(key, position);
        position
    }

    fn output_row(&mut self, name: &str, facts: &OutputComparison) -> OutputRow {
        let name = self.texts.of(line(name).as_ref());
        if facts.agreement == Agreement::BitEqual {
            return OutputRow::Equal(EqualRow { name, elements: facts.elements });
        }
        let mismatch = facts.mismatch.as_ref().map(|mismatch| {
            let facts = OutputComparison {
                mismatch: Some(mismatch.clone()),
                worst: None,
                max_abs: Real(0.0),
                flips: 0,
                tie_flips: 0,
                nonfinite_differ: 0,
                ..facts.clone()
            };
            difference(&facts, ARROW)
        });
        let worst = facts.worst.as_ref();
        OutputRow::Differs(DifferingRow {
            name,
            elements: facts.elements,
            agreement: facts.agreement as u8,
            abs: facts.max_abs.0.into(),
            rel: facts.max_rel.0.into(),
            ulp: (facts.max_ulp as f64).into(),
            flips: facts.flips,
            ties: facts.tie_flips,
            moved: facts.nonfinite_differ,
            mismatch: mismatch.map_or(-1, |text| self.text(&text)),
            at: worst.map_or(-1, |worst| self.text(&super::words::index(&worst.index))),
            reference: worst.map_or(-1, |worst| self.text(&value(&worst.reference))),
            observed: worst.map_or(-1, |worst| self.text(&value(&worst.observed))),
        })
    }

    fn detail(&mut self, cell: &'r CellRecord) -> i32 {
        let (error, frames) = cell.error.as_ref().map_or((-1, -1), |error| self.error(error));
        let expected = cell.expected.as_ref().map(|note| {
            let link = note.link.as_ref().map(|link| format!(" ({link})")).unwrap_or_default();
            let verdicts = join(&note.verdicts);
            format!("{}, declared as {verdicts} at {}{link}", note.reason, note.declared_at)
        });
        let warned: Vec<i32> = cell.warned.iter().map(|warning| self.line(Some(warning))).collect();
        let is_short = self.again.is_some() && self.repeat.is_trained(cell);
        let command = if is_short { None } else { self.repeat.cell(cell) };
        let detail = DetailRow {
            error,
            frames,
            blame: self.line(cell.blame.as_deref()),
            reason: self.line(reason(cell).as_deref()),
            rule: self.line(cell.rule.as_deref()),
            expected: self.line(expected.as_deref()),
            command: self.line(command.as_deref()),
            warned,
        };
        if detail == NO_DETAIL { -1 } else { self.details.of(&detail) as i32 }
    }

    fn error(&mut self, error: &'r ErrorFact) -> (i32, i32) {
        if let Some(known) = self.errors.get(error) {
            return *known;
        }
        let message = block(&error.to_string());
        let message = self.text(&shorten(&message, LONGEST_MESSAGE));
        let frames = if error.frames.is_empty() { -1 } else { self.text(&block(&error.frames.join("\n"))) };
        self.errors.insert(error, (message, frames));
        (message, frames)
    }
}
