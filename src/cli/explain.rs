//! `shelflife explain`: the known causes, one of them, or those of a message.

use std::fmt::Write as _;

use super::args::ExplainArgs;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::open_run;
use crate::explain::{self, Case, Evidence, Rule, Shown};
use crate::judge::{self, JudgeOptions};
use crate::notation::Requirement;
use crate::present;
use crate::vocab::ExitCode;

pub(super) fn explain(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    if !args.measure.is_empty() {
        return measure(args);
    }
    let chosen: Vec<(&Rule, bool)> = match (&args.id, &args.message) {
        (Some(id), _) => vec![(named(id)?, false)],
        (None, Some(message)) => {
            let message = if message == "-" { console::read_stdin()? } else { message.clone() };
            let found = explain::for_message(&message);
            if found.is_empty() {
                return Err(Failure::NotFound {
                    what: "no known cause has this message".to_owned(),
                    help: "give the last line of the traceback whole, with the type of the exception; `shelflife explain` \
                           lists what is known"
                        .to_owned(),
                });
            }
            found.into_iter().map(|found| (found.rule, found.vague)).collect()
        }
        (None, None) => explain::rules().iter().map(|rule| (rule, false)).collect(),
    };
    if console::is_for_programs() {
        for (rule, vague) in &chosen {
            programs::object(&json(rule, *vague))?;
        }
    } else if args.id.is_none() && args.message.is_none() {
        console::print(&list())?;
    } else {
        let texts: Vec<_> = chosen.iter().map(|(rule, vague)| one(rule, *vague)).collect();
        console::print(&texts.join("\n"))?;
    }
    Ok(ExitCode::Done)
}

/// What recorded runs show of the rules, as the table that forecasts rest on.
fn measure(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let mut runs = Vec::new();
    for run in &args.measure {
        let (_, state) = open_run(run, &args.reports)?;
        let record = judge::judge(&state, &JudgeOptions::default());
        let files: Vec<_> = state.file_facts().map(|facts| facts.cloned()).collect();
        runs.push((record, files));
    }
    let evidence = Evidence::measure(&runs).joined(explain::evidence());
    console::print(&evidence.to_text().map_err(|error| Failure::Render(error.into()))?)?;
    Ok(ExitCode::Done)
}

/// One rule for programs.
fn json(rule: &Rule, vague: bool) -> serde_json::Value {
    let cases: Vec<_> = rule
        .cases
        .iter()
        .map(|case| {
            let texts = |requirements: &[Requirement]| -> Vec<String> {
                requirements.iter().map(ToString::to_string).collect()
            };
            serde_json::json!({
                "verdict": case.verdict,
                "stage": case.stage,
                "messages": case.messages.iter().map(|pattern| pattern.as_str()).collect::<Vec<_>>(),
                "producer": texts(&case.producer),
                "consumer": texts(&case.consumer),
                "formats": case.formats,
            })
        })
        .collect();
    serde_json::json!({
        "id": rule.id,
        "title": rule.title,
        "cause": rule.cause,
        "remedy": present::rule_remedy(rule, None),
        "mend": rule.has_mend(),
        "no-mend": rule.no_mend,
        "package": rule.package,
        "links": rule.links,
        "vague": vague,
        "cases": cases,
        "measured": explain::evidence().rules.get(rule.id),
    })
}

fn named(id: &str) -> Result<&'static Rule, Failure> {
    explain::find(id).ok_or_else(|| {
        let near: Vec<_> = explain::rules()
            .iter()
            .filter(|rule| {
                id.split('-').any(|word| word.len() > 2 && rule.id.split('-').any(|own| own == word))
            })
            .map(|rule| rule.id)
            .collect();
        Failure::NotFound {
            what: format!("there is no known cause `{id}`"),
            help: if near.is_empty() {
                "`shelflife explain` lists them; for the text of an error use --message".to_owned()
            } else {
                format!("did you mean {}? `shelflife explain` lists all", near.join(", "))
            },
        }
    })
}

fn list() -> String {
    let rules = explain::rules();
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for rule in rules {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{:width$}  {}", rule.id, rule.title);
    }
    let _ = writeln!(
        text,
        "\n{} known causes. `shelflife explain ID` prints one, `shelflife explain --message TEXT` finds one.",
        rules.len()
    );
    text
}

fn one(rule: &Rule, vague: bool) -> String {
    let width = console::terminal_width();
    let mut text = String::new();
    let _ = writeln!(text, "{}: {}", rule.id, rule.title);
    if vague {
        let _ = writeln!(
            text,
            "\n{}",
            fold("  ", "This message alone does not prove it: compare the versions below.", width)
        );
    }
    let _ = writeln!(text, "\n{}", fold("  ", &rule.cause, width));
    let _ = writeln!(text, "\n{}", fold("  next: ", &present::rule_remedy(rule, None), width));
    if let Some(why) = &rule.no_mend {
        let _ = writeln!(text, "\n{}", fold("  no rescue: ", why, width));
    }
    let _ = writeln!(text);
    for case in &rule.cases {
        let _ = writeln!(text, "{}", fold("  - ", &case_line(case), width));
    }
    if let Some(shown) = explain::evidence().rules.get(rule.id) {
        let _ = writeln!(text, "\n{}", fold("  measured: ", &measured(rule, shown), width));
    }
    let _ = writeln!(text);
    for link in &rule.links {
        let _ = writeln!(text, "  {link}");
    }
    text
}

/// In how many cells it was seen, between which versions, and one of them.
fn measured(rule: &Rule, shown: &Shown) -> String {
    let cells: u64 = shown.cells.values().sum();
    if rule.package == explain::ANY_PACKAGE {
        return format!("in {cells} cells; e.g. {}", shown.example);
    }
    let range = |(first, last): &(String, String)| {
        if first == last { first.clone() } else { format!("{first} to {last}") }
    };
    format!(
        "in {cells} cells, written with {package} {} and read with {package} {}; e.g. {}",
        range(&shown.written),
        range(&shown.read),
        shown.example,
        package = rule.package
    )
}

/// `load-error (state): written with scikit-learn<1.3, read with scikit-learn>=1.3`.
fn case_line(case: &Case) -> String {
    let side = |requirements: &[Requirement]| {
        let texts: Vec<_> = requirements.iter().map(ToString::to_string).collect();
        texts.join(" and ")
    };
    let mut line = format!("{} ({})", case.verdict, case.stage);
    let mut parts = Vec::new();
    if !case.producer.is_empty() {
        parts.push(format!("written with {}", side(&case.producer)));
    }
    if !case.consumer.is_empty() {
        parts.push(format!("read with {}", side(&case.consumer)));
    }
    if case.across_bits {
        parts.push("between 32 and 64 bit".to_owned());
    }
    if !case.formats.is_empty() {
        parts.push(format!("as {}", case.formats.join(" or ")));
    }
    if !parts.is_empty() {
        let _ = write!(line, ": {}", parts.join(", "));
    }
    line
}

/// Words in lines of the terminal's width, the first behind `start` and the others below it.
pub(super) fn fold(start: &str, text: &str, width: usize) -> String {
    let mut lines = vec![start.to_owned()];
    let indent = " ".repeat(start.chars().count());
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let used = lines[last].chars().count();
        if lines[last].trim().is_empty() || lines[last] == start {
            lines[last].push_str(word);
        } else if used + 1 + word.chars().count() > width {
            lines.push(format!("{indent}{word}"));
        } else {
            lines[last].push(' ');
            lines[last].push_str(word);
        }
    }
    lines.join("\n")
}
