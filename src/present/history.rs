//! The history of runs: since when a cell fails, what worked last, and what moved in between.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::history_chart::{Tally, over_time};
use super::words::{Group, line, plural};
use crate::store::{HistoryError, PastCell, PastRun};
use crate::vocab::{EnvName, Move, Verdict, moves};

/// Runs that a plot shows, the newest ones.
const MOST_RUNS: usize = 90;
/// Cells that a page shows.
const MOST_CELLS: usize = 300;
/// Side of a run in a plot.
const STEP: usize = 14;

/// The packages of an environment in a run.
pub type Packages<'a> = &'a dyn Fn(i64, &EnvName) -> Result<Option<BTreeMap<String, String>>, HistoryError>;

/// What the history tells of one matrix.
#[derive(Clone, Debug)]
pub struct HistoryView {
    /// The matrix.
    pub matrix: String,
    /// Its runs, oldest first.
    pub runs: Vec<PastRun>,
    /// Cells that fail now, or ever changed; those that fail now first.
    pub stories: Vec<Story>,
    /// Cells in all.
    pub cells: usize,
    /// Cells that fail now, also those that are left out of the stories.
    pub failing: usize,
    /// Cells of which nothing can be said now.
    pub unjudged: usize,
    /// All cells of each run by group.
    pub tallies: Vec<Tally>,
}

/// The story of one cell.
#[derive(Clone, Debug)]
pub struct Story {
    /// The cell.
    pub cell: PastCell,
    /// Its verdict in each run; `None` before it was first tried.
    pub verdicts: Vec<Option<Verdict>>,
    /// Positions in the runs of the last one in which it worked and of the first in which it failed since.
    pub broke: Option<(Option<usize>, usize)>,
    /// What moved between these two, by environment.
    pub culprits: Vec<(EnvName, Vec<Move>)>,
    /// What moved in its reader before each run.
    pub moved: Vec<Vec<Move>>,
}

impl Story {
    /// What is wrong with it, in the words of the run that last said so.
    pub fn says(&self) -> Option<&str> {
        let mut words = self.cell.changes.iter().rev().map(|change| change.words.as_str());
        words.find(|words| !words.is_empty())
    }

    /// Its verdict now.
    pub fn now(&self) -> Option<Verdict> {
        self.verdicts.last().copied().flatten()
    }
}

/// Reads the stories out of the history.
///
/// # Errors
/// When packages cannot be read.
pub fn history_view(
    matrix: &str,
    runs: Vec<PastRun>,
    cells: Vec<PastCell>,
    packages: Packages<'_>,
) -> Result<HistoryView, HistoryError> {
    let count = cells.len();
    let mut told: Vec<_> = cells
        .into_iter()
        .map(|cell| (verdicts(&runs, &cell), cell))
        .map(|(verdicts, cell)| (broke(&verdicts), verdicts, cell))
        .collect();
    let unjudged =
        told.iter().filter(|(broke, verdicts, _)| broke.is_none() && is_unjudged(verdicts)).count();
    let tallies = (0..runs.len()).map(|at| tally(told.iter().map(|(_, verdicts, _)| verdicts[at]))).collect();
    told.retain(|(broke, verdicts, _)| {
        broke.is_some() || verdicts.iter().flatten().any(|verdict| verdict.fails())
    });
    let failing = told.iter().filter(|(broke, ..)| broke.is_some()).count();
    // What broke last comes first: it is news, and must not fall behind what is left out.
    told.sort_by_key(|(broke, ..)| std::cmp::Reverse(broke.map(|(_, bad)| bad)));
    told.truncate(MOST_CELLS);
    let mut stories = Vec::new();
    let mut by_reader: BTreeMap<EnvName, Vec<Vec<Move>>> = BTreeMap::new();
    for (broke, verdicts, cell) in told {
        let moved = match by_reader.get(&cell.consumer) {
            Some(known) => known.clone(),
            None => {
                let moved = moved_in(&runs, &cell.consumer, packages)?;
                by_reader.insert(cell.consumer.clone(), moved.clone());
                moved
            }
        };
        let mut culprits = Vec::new();
        if let Some((Some(good), bad)) = broke {
            let mut names = vec![cell.consumer.clone()];
            if cell.producer != cell.consumer {
                names.push(cell.producer.clone());
            }
            for name in names {
                let (before, after) = (packages(runs[good].id, &name)?, packages(runs[bad].id, &name)?);
                let moved = moves(&before.unwrap_or_default(), &after.unwrap_or_default());
                if !moved.is_empty() {
                    culprits.push((name, moved));
                }
            }
        }
        stories.push(Story { cell, verdicts, broke, culprits, moved });
    }
    Ok(HistoryView { matrix: matrix.to_owned(), runs, stories, cells: count, failing, unjudged, tallies })
}

fn verdicts(runs: &[PastRun], cell: &PastCell) -> Vec<Option<Verdict>> {
    let mut changes = cell.changes.iter().peekable();
    let mut now = None;
    let state = |run: &PastRun| {
        while let Some(change) = changes.next_if(|change| change.run <= run.id) {
            now = Some(change.verdict);
        }
        now
    };
    runs.iter().map(state).collect()
}

fn tally(verdicts: impl Iterator<Item = Option<Verdict>>) -> Tally {
    let mut tally = Tally::default();
    verdicts.flatten().for_each(|verdict| tally[Group::of(verdict) as usize] += 1);
    tally
}

/// Whether nothing can be said of a cell now.
fn is_unjudged(verdicts: &[Option<Verdict>]) -> bool {
    matches!(verdicts.last(), Some(Some(Verdict::EnvError | Verdict::NotTried | Verdict::Unverified)))
}

/// Where a cell that fails now began to: the last run in which it worked, and the first after it in which it did not. What
/// once worked and gets less far now is worse, whatever that is called; what never worked has to fail. A run in which an
/// environment was in trouble tells nothing.
fn broke(verdicts: &[Option<Verdict>]) -> Option<(Option<usize>, usize)> {
    let says_something = |verdict: &Verdict| !matches!(verdict, Verdict::EnvError | Verdict::NotTried);
    let last = verdicts.iter().rev().flatten().find(|verdict| says_something(verdict))?;
    if last.works() {
        return None;
    }
    let good = verdicts.iter().rposition(|verdict| verdict.is_some_and(Verdict::works));
    let is_bad = |verdict: Verdict| verdict.fails() || (good.is_some() && says_something(&verdict));
    let start = good.map_or(0, |good| good + 1);
    let bad = verdicts[start..].iter().position(|verdict| verdict.is_some_and(is_bad))?;
    Some((good, start + bad))
}

fn moved_in(
    runs: &[PastRun],
    name: &EnvName,
    packages: Packages<'_>,
) -> Result<Vec<Vec<Move>>, HistoryError> {
    let mut all = Vec::new();
    let mut known: Option<BTreeMap<String, String>> = None;
    for run in runs {
        // A run in which it could not be made is passed over.
        let now = packages(run.id, name)?;
        all.push(match (&known, &now) {
            (Some(known), Some(now)) => moves(known, now),
            _ => Vec::new(),
        });
        known = now.or(known);
    }
    Ok(all)
}

fn day(run: &PastRun) -> &str {
    run.finished.get(..16).unwrap_or(&run.finished)
}

/// Cells of one story that are named.
const NAMED: usize = 3;

/// The history as plain text: what fails now, what broke it. Cells with one story are told together.
pub fn history_text(view: &HistoryView) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "{}: {}, {}, {} failing now{}",
        line(&view.matrix),
        plural(view.runs.len() as u64, "run"),
        plural(view.cells as u64, "cell"),
        view.failing,
        unjudged_words(view)
    );
    let mut groups: Vec<Vec<&Story>> = Vec::new();
    for story in view.stories.iter().filter(|story| story.broke.is_some()) {
        let same = |group: &&mut Vec<&Story>| {
            let first = group[0];
            (first.now(), first.says(), first.broke) == (story.now(), story.says(), story.broke)
                && first.culprits == story.culprits
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(story),
            None => groups.push(vec![story]),
        }
    }
    let shown: usize = groups.iter().map(Vec::len).sum();
    for group in &groups {
        tell(&mut out, view, group);
    }
    if view.failing > shown {
        let _ = writeln!(out, "\nand {} more; --model shows some of them", view.failing - shown);
    }
    out
}

/// `, 3 not judged now`, where that is so.
fn unjudged_words(view: &HistoryView) -> String {
    if view.unjudged == 0 { String::new() } else { format!(", {} not judged now", view.unjudged) }
}

fn tell(out: &mut String, view: &HistoryView, group: &[&Story]) {
    // Groups are never empty: a story makes one.
    let story = group[0];
    let Some((good, bad)) = story.broke else { return };
    let verdict = story.now().map_or("?", Verdict::as_str);
    let names: Vec<String> = group
        .iter()
        .take(NAMED)
        .map(|story| format!("{} in {}", line(&story.cell.artifact), line(story.cell.consumer.as_str())))
        .collect();
    let more = match group.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let _ = writeln!(out, "\n{}{more}: {verdict}", names.join(", "));
    if let Some(words) = story.says() {
        let _ = writeln!(out, "  {}", line(words));
    }
    let _ = writeln!(out, "  fails since {} ({})", day(&view.runs[bad]), line(&view.runs[bad].name));
    let Some(good) = good else {
        let _ = writeln!(out, "  never worked in a recorded run");
        return;
    };
    let _ = writeln!(out, "  worked until {} ({})", day(&view.runs[good]), line(&view.runs[good].name));
    if story.culprits.is_empty() {
        let _ = writeln!(
            out,
            "  no package changed in between: check the machine, and whether the model is random"
        );
    }
    for (name, moved) in &story.culprits {
        let list: Vec<String> = moved.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "  changed in {}: {}", line(name.as_str()), line(&list.join(", ")));
    }
}

fn escape(text: &str) -> String {
    line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The history as one self-contained page: for each cell its verdicts over time, with what moved below.
pub fn history_html(views: &[HistoryView]) -> Vec<u8> {
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>shelflife history</title><style>\
         body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c}\
         h2{margin-top:2.5rem}h3{margin:1.6rem 0 .2rem;font-size:1rem}code{background:#f1f1f1;padding:0 .2em}\
         h2,h3,.note{overflow-wrap:anywhere}.note{color:#666;margin:.1rem 0}svg{overflow:visible}\
         .wide{overflow-x:auto}.time{display:flex;flex-direction:row-reverse}\
         .time>*{flex-shrink:0;margin-right:auto}summary{cursor:pointer;margin-top:1.6rem;font-weight:600}\
         .works{fill:#2f9e5b}.silent{fill:#e08700}.fails{fill:#cf3030}.noverdict{fill:#9a9a9a}.unsupported{fill:#d5d5d5}\
         .absent{fill:none;stroke:#ddd}.axis{stroke:#ccc}\
         table{border-collapse:collapse}th,td{padding:.1rem .8rem .1rem 0;text-align:left;white-space:nowrap}\
         .move{fill:#3b6fd4}text{font:10px system-ui,sans-serif;fill:#555}\
         @media (prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}code{background:#2a2a2a}\
         .note,text{color:#aaa;fill:#aaa}.axis{stroke:#444}}\
         @media print{details::details-content{content-visibility:visible;display:block;height:auto}\
         .wide{overflow:visible}.wide svg{max-width:100%}h3{break-after:avoid}\
         body{color:#1c1c1c;background:#fff;max-width:none;margin:0}code{background:#f1f1f1}}</style><h1>History</h1><p class=\"note\">A square is a run, oldest on the \
         left: <svg width=\"10\" height=\"10\"><rect class=\"works\" width=\"10\" height=\"10\"/></svg> works, \
         <svg width=\"10\" height=\"10\"><rect class=\"silent\" width=\"10\" height=\"10\"/></svg> silently \
                      different, \
         <svg width=\"10\" height=\"10\"><rect class=\"fails\" width=\"10\" height=\"10\"/></svg> fails, \
         <svg width=\"10\" height=\"10\"><rect class=\"noverdict\" width=\"10\" height=\"10\"/></svg> no verdict. A \
         triangle below means that packages changed in the reading environment; hover over it to see which.</p>\n",
    );
    for view in views {
        let failing = view.failing;
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            out,
            "<h2>{}</h2><p>{}, {}, {failing} failing now{}.</p>",
            escape(&view.matrix),
            plural(view.runs.len() as u64, "run"),
            plural(view.cells as u64, "cell"),
            unjudged_words(view)
        );
        let start = view.runs.len().saturating_sub(MOST_RUNS);
        let days = view.runs.iter().map(|run| escape(day(run)));
        let runs: Vec<_> = days.zip(view.tallies.iter().copied()).skip(start).collect();
        out.push_str(&over_time(&runs));
        if view.stories.is_empty() {
            out.push_str("<p>Nothing has ever failed.</p>\n");
        }
        let (fails, works): (Vec<_>, Vec<_>) = view.stories.iter().partition(|story| story.broke.is_some());
        fails.iter().for_each(|story| plot(&mut out, view, story));
        if !works.is_empty() {
            let cells = plural(works.len() as u64, "cell");
            let verb = if works.len() == 1 { "works" } else { "work" };
            let _ = writeln!(out, "<details><summary>{cells} that {verb} again</summary>");
            works.iter().for_each(|story| plot(&mut out, view, story));
            out.push_str("</details>\n");
        }
        let shown = fails.len();
        if failing > shown {
            let _ =
                writeln!(out, "<p>And {} more that fail; --model shows some of them.</p>", failing - shown);
        }
    }
    out.push_str("</html>\n");
    out.into_bytes()
}

fn plot(out: &mut String, view: &HistoryView, story: &Story) {
    let start = view.runs.len().saturating_sub(MOST_RUNS);
    let shown = &view.runs[start..];
    let _ = writeln!(
        out,
        "<h3><code>{}</code> in <code>{}</code>: {}</h3>",
        escape(&story.cell.artifact),
        escape(story.cell.consumer.as_str()),
        story.now().map_or("not tried", Verdict::as_str)
    );
    if let Some(words) = story.says() {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(words));
    }
    let (width, height) = ((shown.len() * STEP).max(STEP), STEP * 2 + 14);
    let _ = write!(
        out,
        "<div class=\"wide time\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><svg width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Verdicts run by run: {0}\">",
        escape(&format!("{} in {}", story.cell.artifact, story.cell.consumer))
    );
    for (position, run) in shown.iter().enumerate() {
        let at = start + position;
        let x = position * STEP;
        let verdict = story.verdicts[at];
        let class = verdict.map_or("absent", |verdict| Group::of(verdict).class());
        let word = verdict.map_or("not tried", Verdict::as_str);
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" width=\"{0}\" height=\"{0}\"><title>{1}: {word}</title></rect>",
            STEP - 2,
            escape(day(run))
        );
        let moved = &story.moved[at];
        if !moved.is_empty() {
            let list: Vec<String> = moved.iter().map(ToString::to_string).collect();
            let (left, middle, right, top, bottom) = (x, x + STEP / 2 - 1, x + STEP - 2, STEP + 1, STEP + 9);
            let _ = write!(
                out,
                "<path class=\"move\" d=\"M{left} {bottom}L{middle} {top}L{right} {bottom}Z\"><title>{}: \
                 {}</title></path>",
                escape(day(run)),
                escape(&list.join(", "))
            );
        }
    }
    if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
        let y = height - 2;
        let of = |run: &PastRun| escape(run.finished.get(..10).unwrap_or_default());
        let _ = write!(out, "<text x=\"0\" y=\"{y}\">{}</text>", of(first));
        if shown.len() * STEP > 150 {
            let _ = write!(out, "<text x=\"{width}\" y=\"{y}\" text-anchor=\"end\">{}</text>", of(last));
        }
    }
    out.push_str("</svg></div>\n");
    match story.broke {
        Some((Some(good), bad)) => {
            let list: Vec<String> = story
                .culprits
                .iter()
                .map(|(name, moved)| {
                    let moved: Vec<String> =
                        moved.iter().map(|it| format!("<b>{}</b>", escape(&it.to_string()))).collect();
                    format!("{} in {}", moved.join(", "), escape(name.as_str()))
                })
                .collect();
            let moved = if list.is_empty() {
                "no package changed in between".to_owned()
            } else {
                format!("changed: {}", list.join("; "))
            };
            let _ = writeln!(
                out,
                "<p class=\"note\">Worked until {}, fails since {}; {moved}.</p>",
                escape(day(&view.runs[good])),
                escape(day(&view.runs[bad]))
            );
        }
        Some((None, bad)) => {
            let _ = writeln!(
                out,
                "<p class=\"note\">Fails since {}, the first run.</p>",
                escape(day(&view.runs[bad]))
            );
        }
        None => {
            let _ = writeln!(out, "<p class=\"note\">Works again.</p>");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_broke_is_found_across_nights_without_a_verdict() {
        use Verdict::{Absent, Drift, EnvError, Identical, LoadError, Unverified};
        let of = |list: &[Option<Verdict>]| broke(list);
        assert_eq!(of(&[Some(Identical), Some(EnvError), Some(Drift)]), Some((Some(0), 2)));
        assert_eq!(of(&[Some(Drift), Some(Identical)]), None);
        assert_eq!(of(&[Some(Identical), Some(Drift), Some(LoadError)]), Some((Some(0), 1)));
        assert_eq!(of(&[None, Some(Drift), Some(EnvError)]), Some((None, 1)));
        assert_eq!(of(&[None, Some(EnvError)]), None);
        // What worked and gets less far is worse, whatever that is called; what never worked has to fail.
        assert_eq!(of(&[Some(Identical), Some(Absent)]), Some((Some(0), 1)));
        assert_eq!(of(&[Some(Identical), Some(EnvError), Some(Unverified)]), Some((Some(0), 2)));
        assert_eq!(of(&[Some(Absent), Some(Unverified)]), None);
        assert_eq!(of(&[Some(Drift), Some(Absent)]), Some((None, 0)));
        assert!(
            is_unjudged(&[Some(Identical), Some(EnvError)]) && !is_unjudged(&[Some(EnvError), Some(Drift)])
        );
    }
}
