//! Pages of the documentation that the program itself writes: its commands, and the known causes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::CommandFactory as _;
use shelflife::cli::Cli;
use shelflife::explain::{self, Case, Rule};
use shelflife::notation::Requirement;

/// `docs/cli.md`: the help of every command, as `--help` shows it on a terminal of 100 columns.
pub fn commands() -> String {
    let cli = Cli::command().term_width(100);
    let globals: Vec<String> =
        cli.get_arguments().filter(|arg| arg.is_global_set()).map(|arg| arg.get_id().to_string()).collect();
    let mut page = "# Every command and option\n\nWhat `--help` says of each. The options under `shelflife` itself belong to every command.\n"
        .to_owned();
    one_command(&mut page, cli, "shelflife", &globals, true);
    page
}

fn one_command(page: &mut String, command: clap::Command, name: &str, globals: &[String], is_top: bool) {
    let below: Vec<clap::Command> = command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned().collect();
    let mut shown = command.bin_name(name.to_owned());
    if !is_top {
        let given: Vec<String> = shown.get_arguments().map(|arg| arg.get_id().to_string()).collect();
        for id in globals.iter().filter(|id| given.contains(id)) {
            shown = shown.mut_arg(id, |arg| arg.hide(true));
        }
    }
    let help = shown.term_width(100).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let depth = "#".repeat(1 + name.split(' ').count());
    // Writing to a `String` cannot fail.
    let _ = write!(page, "\n{depth} {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for sub in below {
        let longer = format!("{name} {}", sub.get_name());
        one_command(page, sub, &longer, globals, false);
    }
}

/// `docs/rules.md`: every known cause, by the package whose change it is.
pub fn rules() -> String {
    let mut packages: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in explain::rules() {
        packages.entry(&rule.package).or_default().push(rule);
    }
    let mended = explain::rules().iter().filter(|rule| rule.has_mend()).count();
    let mut page = format!(
        "# Every known cause\n\nThe {} reasons that shelflife knows for files that stop working, and between which releases; {mended} of \
         them are mended by [`shelflife rescue`](rescue.md). `shelflife explain NAME` says why each happens, what to do, and in \
         how many cells it was measured; `shelflife explain --message` finds the one behind an error.\n",
        explain::rules().len()
    );
    for (package, rules) in packages {
        let _ = write!(
            page,
            "\n## {package}\n\n| name | what | written with | read with | comes out as | rescued |\n| --- | --- | --- | --- | --- | --- |\n"
        );
        for rule in rules {
            let rescued = if rule.has_mend() { "yes" } else { "no" };
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {} | {rescued} |",
                rule.id,
                cell(&rule.title),
                distinct(rule, |case| side(&case.producer)),
                distinct(rule, |case| side(&case.consumer)),
                distinct(rule, |case| case.verdict.to_string()),
            );
        }
    }
    page
}

/// A text as it stands in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('_', "\\_").replace('*', "\\*")
}

fn side(requirements: &[Requirement]) -> String {
    let texts: Vec<String> = requirements.iter().map(|requirement| format!("`{requirement}`")).collect();
    if texts.is_empty() { "any".to_owned() } else { texts.join(" ") }
}

/// What the cases of a rule say, each once, in their order.
fn distinct(rule: &Rule, of: impl Fn(&Case) -> String) -> String {
    let mut seen = Vec::new();
    for text in rule.cases.iter().map(of) {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen.join(", ")
}
