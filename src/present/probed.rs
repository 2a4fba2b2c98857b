//! Rows that were derived from models: what they are, and how much of a model they reach.

use super::table::Table;
use super::words::join;
use crate::vocab::{ProbedPart, Probes, Record, Share};

/// What the probes of a model are and reach.
pub fn probes(probes: &Probes) -> String {
    let shares = join(probes.shares.iter().map(share));
    let mut extras = Vec::new();
    if probes.missing {
        extras.push("missing values");
    }
    if probes.unknown {
        extras.push("values that the model has never seen");
    }
    let extras = if extras.is_empty() { String::new() } else { format!(", with {}", extras.join(" and ")) };
    match shares.as_str() {
        "" => format!("{} rows derived from the model{extras}", grouped(probes.rows)),
        shares => {
            format!("{} rows derived from the model{extras}, which reach {shares}", grouped(probes.rows))
        }
    }
}

fn share(share: &Share) -> String {
    let what = PARTS.iter().find(|(part, _)| *part == share.what).map_or("", |(_, word)| *word);
    format!("{} of {} {what}", grouped(share.reached), grouped(share.of))
}

/// What is reached, in the order of the columns of the table.
const PARTS: [(ProbedPart, &str); 5] = [
    (ProbedPart::Leaves, "leaves"),
    (ProbedPart::Thresholds, "sides of thresholds"),
    (ProbedPart::Categories, "categories"),
    (ProbedPart::Words, "words"),
    (ProbedPart::Features, "features"),
];

const LEGEND: &str = "How much of each model its probes reach: rows that were derived from the model itself, so that what \
    friendly data hides is seen. A part that is not reached was not tried by them. Empty where a model has none of it.";

/// One row a model that was tried on probes; `None` where none was.
pub(super) fn table(record: &Record) -> Option<Table> {
    let probed = record.artifacts.iter().filter_map(|artifact| {
        let probes = artifact.file.as_ref()?.probes.as_ref()?;
        Some((artifact, probes))
    });
    let row = |(artifact, probes): (&crate::vocab::ArtifactRecord, &Probes)| {
        let yes = |is_so: bool| if is_so { "yes" } else { "" }.to_owned();
        let mut row = vec![artifact.model.to_string(), grouped(probes.rows)];
        row.extend(PARTS.iter().map(|(what, _)| {
            let share = probes.shares.iter().find(|share| share.what == *what);
            share.map_or_else(String::new, |it| format!("{} of {}", grouped(it.reached), grouped(it.of)))
        }));
        row.extend([yes(probes.missing), yes(probes.unknown)]);
        row
    };
    let rows: Vec<Vec<String>> = probed.map(row).collect();
    let mut heads = vec!["model".to_owned(), "rows".to_owned()];
    heads.extend(PARTS.iter().map(|(_, head)| (*head).to_owned()));
    heads.extend(["missing values", "values never seen"].map(str::to_owned));
    let (id, title) = ("probes", "Probes");
    (!rows.is_empty()).then(|| Table { id, title, legend: LEGEND, texts: heads.len() - 1, heads, rows })
}

/// `1,210`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
