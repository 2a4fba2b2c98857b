//! The table producer x consumer.

use super::super::view::{Axis, View};
use super::super::words::{Counts, line, plural, shorten_middle};
use super::page::{BOLD, DIM, Page, painted, style};
use crate::vocab::Verdict;

/// Longest name that is shown whole on an axis.
const LONGEST_ROW: usize = 22;
const LONGEST_HEAD: usize = 14;
/// Blanks between two columns.
const GAP: usize = 2;

/// How the columns are headed.
struct Heads {
    texts: Vec<String>,
    rows: Vec<String>,
}

pub(super) fn table(page: &mut Page, view: &View<'_>) {
    if view.producers.is_empty() || view.consumers.is_empty() {
        page.line("No environment writes or none reads artifacts: there is nothing to show.");
        page.blank();
        return;
    }
    legend(page, view);
    let cells: Vec<Vec<String>> = (0..view.producers.len())
        .map(|row| {
            (0..view.consumers.len()).map(|column| cell_text(&view.pair(row, column).counts)).collect()
        })
        .collect();
    let named = named_heads(view);
    let numbered = numbered_heads(view);
    let (named_blocks, numbered_blocks) =
        (blocks(page.width, &named, &cells), blocks(page.width, &numbered, &cells));
    // Names read better; numbers are taken only where they save breaking the table apart.
    let (heads, blocks, is_numbered) = if named_blocks.len() <= numbered_blocks.len() {
        (named, named_blocks, false)
    } else {
        (numbered, numbered_blocks, true)
    };
    let label_width = heads.rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 {
            page.blank();
        }
        let mut head = " ".repeat(label_width);
        for (column, width) in block {
            head.push_str(&format!("{:>1$}", heads.texts[*column], width + GAP));
        }
        page.line(&painted(BOLD, head.trim_end()));
        for (row, label) in heads.rows.iter().enumerate() {
            let mut text = format!("{label:<label_width$}");
            for (column, width) in block {
                let shown = &cells[row][*column];
                text.push_str(&" ".repeat(width + GAP - shown.chars().count()));
                text.push_str(&match view.pair(row, *column).counts.tone() {
                    Some(group) => painted(style(group), shown),
                    None => painted(DIM, shown),
                });
            }
            page.line(&text);
        }
    }
    footnotes(page, view, is_numbered);
    page.blank();
}

fn legend(page: &mut Page, view: &View<'_>) {
    page.line(&painted(BOLD, "Written by (rows), read by (columns); number of cells that are"));
    let legend: Vec<_> = view
        .counts
        .groups()
        .map(|(group, _)| painted(style(group), &format!("{} {}", group.ascii(), group.word())))
        .collect();
    if !legend.is_empty() {
        page.line(&format!("  {}", legend.join("   ")));
    }
    page.blank();
}

/// `~2 x3 =15`, or a dot where nothing was planned.
fn cell_text(counts: &Counts) -> String {
    let parts: Vec<_> = counts.groups().map(|(group, count)| format!("{}{count}", group.ascii())).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join(" ") }
}

fn row_name(axis: &Axis<'_>) -> String {
    shorten_middle(&line(axis.name), LONGEST_ROW).into_owned()
}

fn named_heads(view: &View<'_>) -> Heads {
    Heads {
        texts: view
            .consumers
            .iter()
            .map(|axis| shorten_middle(&line(axis.name), LONGEST_HEAD).into_owned())
            .collect(),
        rows: view.producers.iter().map(row_name).collect(),
    }
}

/// Columns headed by numbers, which the rows of the same environments explain.
fn numbered_heads(view: &View<'_>) -> Heads {
    let digits = view.consumers.len().to_string().len();
    Heads {
        texts: (1..=view.consumers.len()).map(|number| number.to_string()).collect(),
        rows: view
            .producers
            .iter()
            .map(|axis| {
                let column = view.consumers.iter().position(|consumer| consumer.name == axis.name);
                let number = column.map(|column| (column + 1).to_string()).unwrap_or_default();
                format!("{number:>digits$} {}", row_name(axis))
            })
            .collect(),
    }
}

/// Columns with their widths, broken into blocks that fit side by side.
fn blocks(width: usize, heads: &Heads, cells: &[Vec<String>]) -> Vec<Vec<(usize, usize)>> {
    let labels = heads.rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
    let mut blocks: Vec<Vec<(usize, usize)>> = vec![Vec::new()];
    let mut used = labels;
    for (column, head) in heads.texts.iter().enumerate() {
        let wanted = cells
            .iter()
            .map(|row| row[column].chars().count())
            .chain([head.chars().count()])
            .max()
            .unwrap_or(1);
        let last = blocks.len() - 1;
        if used + wanted + GAP > width && !blocks[last].is_empty() {
            blocks.push(vec![(column, wanted)]);
            used = labels + wanted + GAP;
        } else {
            blocks[last].push((column, wanted));
            used += wanted + GAP;
        }
    }
    blocks
}

/// What the table had to leave out: names behind numbers, and names that were cut.
fn footnotes(page: &mut Page, view: &View<'_>, is_numbered: bool) {
    if is_numbered {
        let is_row = |axis: &Axis<'_>| view.producers.iter().any(|producer| producer.name == axis.name);
        let notes: Vec<_> = view
            .consumers
            .iter()
            .enumerate()
            .filter(|(_, axis)| !is_row(axis))
            .map(|(index, axis)| format!("{} {}", index + 1, line(axis.name)))
            .collect();
        if !notes.is_empty() {
            page.wrapped("columns: ", 9, 9, DIM, &notes.join(", "));
        }
    }
    let longest_head = if is_numbered { usize::MAX } else { LONGEST_HEAD };
    let mut cut: Vec<(String, String)> = Vec::new();
    let names = view.producers.iter().map(|axis| (axis, LONGEST_ROW));
    for (axis, longest) in names.chain(view.consumers.iter().map(|axis| (axis, longest_head))) {
        let name = line(axis.name).into_owned();
        let short = shorten_middle(&name, longest).into_owned();
        if short != name && !cut.iter().any(|(known, _)| *known == short) {
            cut.push((short, name));
        }
    }
    for (short, name) in &cut {
        page.line(&painted(DIM, &format!("{short} = {name}")));
    }
    let without_verdict = [
        (Verdict::EnvError, "could not be tried: see the environments below"),
        (Verdict::Unverified, "could not be judged: see below"),
        (Verdict::NotTried, "not tried when the run ended"),
    ];
    for (verdict, text) in without_verdict {
        match view.counts.get(verdict) {
            0 => {}
            count => page.wrapped("", 0, 0, DIM, &format!("{} {text}.", plural(count, "cell"))),
        }
    }
}
