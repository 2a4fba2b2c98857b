//! What `shelflife map` says to people.

// Writing to a `String` cannot fail.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::compat::{
    End, MapFacts, MapRow, Question, Reach, Square, Tally, Unasked, caveats_of, measured, reaches, readers,
    releases,
};
use crate::explain;
use crate::notation::Version;
use crate::present::words::{Group, join, plural};
use crate::vocab::Verdict;

/// What was asked for, as it is written in the map.
#[derive(Clone, Copy, Debug)]
pub struct MapHead<'a> {
    /// The estimator, with its module.
    pub estimator: Option<&'a str>,
    /// The release that wrote.
    pub from: Option<&'a str>,
    /// The release that reads.
    pub to: Option<&'a str>,
    /// What the environment that wrote has beside scikit-learn, in words.
    pub beside: &'a str,
    /// Format and machines.
    pub question: &'a Question,
}

/// Width of a line, and how far what belongs to one is moved to the right.
const WIDTH: usize = 100;

/// One estimator, one writer: which releases read it, and how it fails elsewhere.
pub fn map_row(head: &MapHead<'_>, row: &[(String, Tally)]) -> String {
    let mut text = String::new();
    let parts = reaches(row);
    let _ = writeln!(
        text,
        "{}, written by scikit-learn {} as {}{}: {}",
        head.estimator.unwrap_or_default(),
        head.from.unwrap_or_default(),
        head.question.format,
        machines(head.question),
        works_in(&parts)
    );
    let tried = row.iter().flat_map(|(_, tally)| tally.tried()).collect::<BTreeSet<_>>();
    let unmade = row.iter().flat_map(|(_, tally)| tally.unmade()).collect::<BTreeSet<_>>();
    let (unmade, tried) = (unmade.difference(&tried).count(), tried.len());
    let mut facts = match tried {
        0 => format!("{} that it cannot make", plural(unmade as u64, "model")),
        _ => format!("{}, read in {}", plural(tried as u64, "model"), plural(row.len() as u64, "release")),
    };
    if tried > 0 && unmade > 0 {
        let _ = write!(facts, "; {unmade} more cannot be made by that release");
    }
    if !head.beside.is_empty() {
        let _ = write!(facts, "; written beside {}", head.beside);
    }
    text.push_str(&folded("  ", &facts));
    text.push('\n');
    let heads: Vec<String> = parts.iter().map(|part| span(&part.releases)).collect();
    let width = heads.iter().map(String::len).max().unwrap_or_default();
    for (part, name) in parts.iter().zip(&heads) {
        let total: usize = part.ends.iter().map(|end| end.models).sum();
        for (index, end) in part.ends.iter().enumerate() {
            let name = if index == 0 { name.as_str() } else { "" };
            let start = format!("  {name:width$}  ");
            text.push_str(&folded(&start, &ended(end, total)));
        }
    }
    text.push_str(&caveats(row));
    text.push_str(&next(head, &parts));
    text
}

/// What may happen to models with other parameters than those that were tried.
fn caveats(row: &[(String, Tally)]) -> String {
    let known = caveats_of(row);
    if known.is_empty() {
        return String::new();
    }
    let heads = known.values().map(|spans| join(spans.iter().map(span).collect::<Vec<_>>().iter()));
    let heads: Vec<String> = heads.collect();
    let width = heads.iter().map(String::len).max().unwrap_or_default();
    let mut text = String::from("\n  a model with other parameters may meet, in\n");
    for (rule, name) in known.keys().zip(&heads) {
        text.push_str(&folded(&format!("  {name:width$}  "), &cause(Some(rule))));
    }
    text
}

/// One estimator: every writer against every reader.
pub fn map_square(head: &MapHead<'_>, rows: &[(String, MapRow)]) -> String {
    let mut text = String::new();
    let readers = readers(rows);
    let _ = writeln!(
        text,
        "{} as {}{}: written by the release of the row, read by that of the column",
        head.estimator.unwrap_or_default(),
        head.question.format,
        machines(head.question)
    );
    text.push('\n');
    let wide = rows.iter().map(|(release, _)| release.len()).max().unwrap_or_default();
    // `1.3` of `1.3.2`, where that is the only release of its minor.
    let is_alone = |release: &&str| readers.iter().filter(|it| minor(it) == minor(release)).count() == 1;
    let short = readers.iter().map(|release| if is_alone(release) { minor(release) } else { *release });
    let heads: Vec<(&str, usize)> = short.map(|name| (name, name.len().max(4))).collect();
    let _ = write!(text, "  {:wide$}", "");
    for (name, column) in &heads {
        let _ = write!(text, " {name:>column$}");
    }
    text.push('\n');
    let mut causes: BTreeMap<(Verdict, Option<&str>), usize> = BTreeMap::new();
    for (from, row) in rows {
        let _ = write!(text, "  {from:wide$}");
        for (reader, (_, column)) in readers.iter().zip(&heads) {
            let tally = row.iter().find(|(release, _)| release == reader).map(|(_, tally)| tally);
            let _ = write!(text, " {:>column$}", tally.map(signs).unwrap_or_default());
            for (seen, models) in tally.into_iter().flat_map(|tally| &tally.seen) {
                if seen.verdict.fails() {
                    *causes.entry((seen.verdict, seen.rule.as_deref())).or_default() += models.len();
                }
            }
        }
        let line = text.trim_end().len();
        text.truncate(line);
        text.push('\n');
    }
    text.push('\n');
    let occurring: BTreeSet<Group> = rows
        .iter()
        .flat_map(|(_, row)| row)
        .flat_map(|(_, tally)| tally.ends().into_iter().flat_map(|end| end.verdicts))
        .map(Group::of)
        .collect();
    let legend = occurring.iter().map(|group| format!("{} {}", group.ascii(), group.word()));
    let _ = writeln!(text, "  {}", legend.collect::<Vec<_>>().join("   "));
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for ((verdict, rule), count) in causes {
        let start = format!("  {verdict:13} {:>9}  ", plural(count as u64, "cell"));
        text.push_str(&folded(&start, &cause(rule)));
    }
    let name = head.estimator.unwrap_or_default().rsplit('.').next().unwrap_or_default();
    let _ = writeln!(text, "\nnext: shelflife map {name} --from RELEASE   one row, with what to do");
    text
}

/// All estimators between two releases.
pub fn map_pair(head: &MapHead<'_>, all: &[(String, Tally)]) -> String {
    let mut text = String::new();
    let mut works: Vec<&str> = Vec::new();
    let mut other: BTreeMap<(Verdict, Option<String>), Vec<String>> = BTreeMap::new();
    for (estimator, tally) in all {
        let class = estimator.rsplit('.').next().unwrap_or(estimator);
        let total = tally.total();
        if total > 0 && tally.works() == total {
            works.push(class);
        }
        for end in tally.ends().into_iter().filter(|end| !end.works()) {
            let Some(verdict) = end.verdicts.first().copied() else { continue };
            let name = if end.models == total || total == 0 {
                class.to_owned()
            } else {
                format!("{class} ({} of {total})", end.models)
            };
            other.entry((verdict, end.rule)).or_default().push(name);
        }
    }
    let has = |is_it: fn(Verdict) -> bool| {
        let is_meant =
            |tally: &Tally| tally.ends().iter().any(|end| end.verdicts.iter().any(|one| is_it(*one)));
        all.iter().filter(|(_, tally)| is_meant(tally)).count()
    };
    let (silent, absent) = (has(|it| it == Verdict::Drift), has(|it| it == Verdict::Absent));
    let loud = has(|verdict| verdict.fails() && verdict != Verdict::Drift);
    let _ = writeln!(
        text,
        "scikit-learn {} to {} as {}{}: {} of {} work",
        head.from.unwrap_or_default(),
        head.to.unwrap_or_default(),
        head.question.format,
        machines(head.question),
        works.len(),
        plural(all.len() as u64, "estimator"),
    );
    let parts = [(loud, "fail"), (silent, "predict something else"), (absent, "do not exist in both")];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
    if !parts.is_empty() {
        let _ = writeln!(text, "  with some or all of their models {}", join(parts.iter()));
    }
    let mut groups: Vec<_> = other.into_iter().collect();
    groups.sort_by_key(|((verdict, _), names)| (Group::of(*verdict), std::cmp::Reverse(names.len())));
    for ((verdict, rule), names) in groups {
        text.push('\n');
        let words = if verdict == Verdict::Absent { absence().to_owned() } else { cause(rule.as_deref()) };
        text.push_str(&folded(&format!("{verdict}  "), &words));
        text.push_str(&folded("  ", &sorted(names)));
    }
    if !works.is_empty() {
        text.push_str("\nworks\n");
        let names: Vec<String> = works.iter().map(ToString::to_string).collect();
        text.push_str(&folded("  ", &sorted(names)));
    }
    let mut may_meet: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (estimator, tally) in all {
        for rule in &tally.caveats {
            let class = estimator.rsplit('.').next().unwrap_or(estimator);
            may_meet.entry(rule).or_default().push(class.to_owned());
        }
    }
    if !may_meet.is_empty() {
        text.push_str("\nwith other parameters than were tried, some may meet\n");
    }
    for (rule, names) in may_meet {
        let words = format!("{}: {}", cause(Some(rule)), sorted(names));
        text.push_str(&folded("  ", &words));
    }
    let _ =
        writeln!(text, "\nnext: shelflife map NAME --from {}   one estimator", head.from.unwrap_or_default());
    text
}

/// What there is to ask for.
pub fn map_overview(facts: &MapFacts) -> String {
    let mut text = String::new();
    if facts.runs.is_empty() {
        text.push_str("the map of this build is empty: shelflife map --measure RUN... makes one\n");
        return text;
    }
    let models = || facts.runs.values().flat_map(|run| run.models.values());
    let names: BTreeSet<&String> = facts.runs.values().flat_map(|run| run.models.keys()).collect();
    let estimators: BTreeSet<&str> = models().map(|model| model.estimator.as_str()).collect();
    let formats: BTreeSet<&str> =
        models().flat_map(|model| model.formats.keys()).map(|format| format.as_str()).collect();
    let cells: usize =
        models().flat_map(|model| model.formats.values()).map(|it| Square::cells(it).count()).sum();
    let all = releases(facts, |_| true);
    let _ = writeln!(
        text,
        "{}, {}, {} from {} to {}: {cells} cells",
        plural(estimators.len() as u64, "estimator"),
        plural(names.len() as u64, "model"),
        plural(all.len() as u64, "release"),
        all.first().map_or("", String::as_str),
        all.last().map_or("", String::as_str),
    );
    text.push_str(&folded("  releases: ", &all.join(", ")));
    text.push_str(&folded("  formats:  ", &formats.into_iter().collect::<Vec<_>>().join(", ")));
    for (matrix, run) in &facts.runs {
        let day = run.started.split('T').next().unwrap_or_default();
        let _ = writeln!(
            text,
            "  measured: matrices/{matrix}.toml on {day}, record {}, {} of {} left out",
            run.record.short(),
            run.left_out,
            plural(run.models.len() as u64 + run.left_out, "model"),
        );
    }
    text.push_str("\nask:  shelflife map RandomForestClassifier --from 1.2.2   who reads what this release has written\n");
    text.push_str(
        "      shelflife map RandomForestClassifier                every release against every other\n",
    );
    text.push_str(
        "      shelflife map --from 1.2.2 --to 1.9.1               every estimator between two releases\n",
    );
    text
}

/// What was asked for and is not there, and what is.
pub fn map_unasked(facts: &MapFacts, unasked: &Unasked) -> (String, String) {
    match unasked {
        Unasked::Estimator { name, near, exists } => {
            let what = if *exists {
                format!("`{name}` was not measured: nothing is known of it here")
            } else {
                format!("no estimator `{name}` was measured")
            };
            let help = match near.as_slice() {
                [] => "`shelflife map` says what was; `shelflife requires FILE` asks about a file".to_owned(),
                near => format!(
                    "did you mean {}? The map is about the estimators of scikit-learn itself",
                    join(near.iter().map(|name| format!("`{name}`")))
                ),
            };
            (what, help)
        }
        Unasked::Release { release, near } => {
            let help = match near.as_slice() {
                [] => "write a version such as 1.5.2; `shelflife map` lists what was measured".to_owned(),
                near => format!("measured next to it: {}", join(near.iter())),
            };
            (format!("scikit-learn {release} was not measured"), help)
        }
        Unasked::Nothing => {
            let known = measured(facts)
                .into_iter()
                .map(|Question { format, from_bits, bits }| format!("{format} {from_bits} to {bits} bit"));
            let help = match known.collect::<Vec<_>>().as_slice() {
                [] => "the map of this build is empty".to_owned(),
                known => format!("measured were: {}", join(known.iter())),
            };
            ("nothing was measured of that in this format, between such machines".to_owned(), help)
        }
    }
}

/// In which releases all models work.
fn works_in(parts: &[Reach]) -> String {
    let total = |part: &Reach| part.ends.iter().map(|end| end.models).sum::<usize>();
    let working =
        |part: &Reach| part.ends.iter().filter(|end| end.works()).map(|end| end.models).sum::<usize>();
    let all: Vec<String> =
        parts.iter().filter(|part| working(part) == total(part)).map(|part| span(&part.releases)).collect();
    let some: Vec<String> = parts
        .iter()
        .filter(|part| working(part) > 0 && working(part) < total(part))
        .map(|part| span(&part.releases))
        .collect();
    let is_absent = |part: &Reach| part.ends.iter().all(|end| end.verdicts.contains(&Verdict::Absent));
    match (all.is_empty(), some.is_empty()) {
        (true, true) if parts.iter().all(is_absent) => "that release does not have it".to_owned(),
        (true, true) => "works nowhere".to_owned(),
        (false, true) => format!("works in {}", join(all.iter())),
        (true, false) => format!("works for some models in {}", join(some.iter())),
        (false, false) => format!("works in {}, for some models in {}", join(all.iter()), join(some.iter())),
    }
}

/// `load-error 2 of 2: Tree nodes have one more field since 1.3 (tree-node-layout); rescue mends it`.
fn ended(end: &End, total: usize) -> String {
    let words: Vec<&str> = end.verdicts.iter().map(|verdict| verdict.as_str()).collect();
    let mut text = format!("{:13} {}", words.join(", "), share(end, total));
    if end.verdicts.contains(&Verdict::Absent) {
        let _ = write!(text, "  {}", absence());
    } else if !end.works() {
        let _ = write!(text, "  {}", cause(end.rule.as_deref()));
    }
    text
}

/// `2 of 3`, or where all came out alike in releases in which unlike many were tried, `all of 3 to 12`.
pub(super) fn share(end: &End, total: usize) -> String {
    if end.most > end.models {
        format!("all of {} to {}", end.models, end.most)
    } else {
        format!("{} of {total}", end.models)
    }
}

const fn absence() -> &'static str {
    "no such class there, or no such parameter"
}

/// A cause in words, and whether a rescue helps.
fn cause(rule: Option<&str>) -> String {
    let Some(rule) = rule.and_then(explain::find) else { return "no known cause".to_owned() };
    let helps = if rule.has_mend() { "rescue mends it" } else { "no rescue" };
    format!("{} ({}); {helps}", rule.title, rule.id)
}

/// What to do with a row.
fn next(head: &MapHead<'_>, parts: &[Reach]) -> String {
    let is_mended =
        |end: &End| end.rule.as_deref().and_then(explain::find).is_some_and(explain::Rule::has_mend);
    let version = |text: &str| text.parse::<Version>().ok();
    let from = version(head.from.unwrap_or_default());
    let newer = parts.iter().filter(|part| version(&part.releases.1) > from);
    let mended = newer.rev().find(|part| {
        let mut failing = part.ends.iter().filter(|end| !end.works());
        let has_any = part.ends.iter().any(|end| !end.works());
        has_any && failing.all(is_mended)
    });
    let mut text = String::from("\n");
    if let Some(part) = mended {
        let _ = writeln!(
            text,
            "next: shelflife rescue FILE --to scikit-learn=={}   makes such a file work there, and proves it",
            part.releases.1
        );
    }
    let _ = writeln!(text, "      shelflife requires FILE   asks the same of your own file");
    let name = head.estimator.unwrap_or_default().rsplit('.').next().unwrap_or_default();
    let from = head.from.unwrap_or_default();
    let _ = writeln!(
        text,
        "      shelflife map {name} --from {from}{} --json   every model, and the command that tries it again",
        asked(head.question)
    );
    if mended.is_none() {
        // The first line begins with the word.
        text = text.replacen("\n      ", "\nnext: ", 1);
    }
    text
}

/// The options of a question that is not the usual one.
fn asked(question: &Question) -> String {
    let mut options = String::new();
    if question.format.as_str() != "pickle" {
        let _ = write!(options, " --format {}", question.format);
    }
    for (option, bits) in [("--from-bits", question.from_bits), ("--bits", question.bits)] {
        if bits != 64 {
            let _ = write!(options, " {option} {bits}");
        }
    }
    options
}

/// The groups of verdicts of a cell of the square, worst first.
fn signs(tally: &Tally) -> String {
    let ends = tally.ends();
    let verdicts = ends.iter().flat_map(|end| &end.verdicts);
    let groups: BTreeSet<Group> = verdicts.map(|verdict| Group::of(*verdict)).collect();
    groups.into_iter().map(Group::ascii).collect()
}

/// `1.3.2 to 1.9.1`.
pub(super) fn span((first, last): &(String, String)) -> String {
    if first == last { first.clone() } else { format!("{first} to {last}") }
}

/// `1.3` of `1.3.2`.
fn minor(release: &str) -> &str {
    release.match_indices('.').nth(1).map_or(release, |(at, _)| &release[..at])
}

fn machines(question: &Question) -> String {
    match (question.from_bits, question.bits) {
        (64, 64) => String::new(),
        (from, to) => format!(", {from} to {to} bit"),
    }
}

/// Names in the order of the alphabet.
fn sorted(mut names: Vec<String>) -> String {
    names.sort_unstable();
    names.join(", ")
}

/// What an environment that wrote has beside scikit-learn: `numpy 1.23.5, joblib 1.2.0 and Python 3.11.7`, of each run one.
pub fn map_beside(facts: &MapFacts, from: &str, bits: u8) -> String {
    let meant = facts.runs.values().flat_map(|run| run.of(from, bits));
    let words = meant.map(|(_, environment)| {
        let version = |name: &str| Some(format!("{name} {}", environment.packages.get(name)?));
        let words = ["numpy", "joblib"].into_iter().filter_map(version);
        join(words.chain([format!("Python {}", environment.python)]).collect::<Vec<_>>().iter())
    });
    words.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("; ")
}

/// Words in lines, the first behind `start` and the others below it.
fn folded(start: &str, text: &str) -> String {
    let indent = start.chars().count();
    let mut lines = String::from(start);
    let mut column = indent;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > WIDTH && !word.is_empty() {
            let _ = write!(lines, "\n{:indent$}", "");
            column = indent;
        } else if index > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines.push('\n');
    lines
}
