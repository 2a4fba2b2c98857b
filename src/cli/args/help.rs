//! The help of the whole program, grouped by what people want to do.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use super::Cli;

/// The subcommands by what they are for.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Look at files, without running them",
        &["inspect", "requires", "forecast", "release-diff", "explain", "map"],
    ),
    ("Try files that exist", &["init", "check", "gate", "bisect", "env-for", "pack"]),
    ("Make files work elsewhere", &["rescue"]),
    ("Try a matrix of models and environments", &["plan", "run", "museum", "schema"]),
    ("Share a run among machines", &["shard", "merge"]),
    ("Read what runs have shown", &["report", "compare", "history", "baseline", "attest", "confirm"]),
    ("Look after this machine", &["env", "doctor", "bugreport", "completions", "man", "help"]),
];

/// Columns of a line, and of the names of subcommands.
const WIDTH: usize = 100;
const NAMES: usize = 13;

/// The command line, with its subcommands in groups.
pub fn command() -> clap::Command {
    let command = Cli::command();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}Options:\n{{options}}{{after-help}}",
        groups(&command)
    );
    command.help_template(template)
}

fn groups(command: &clap::Command) -> String {
    let mut text = String::new();
    for (heading, names) in GROUPS {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{heading}:");
        for name in *names {
            let known = command.find_subcommand(name).and_then(clap::Command::get_about);
            let about =
                known.map_or_else(|| "Print the help of a subcommand".to_owned(), ToString::to_string);
            let _ = writeln!(text, "  {name:NAMES$}{}", wrapped(&about));
        }
        text.push('\n');
    }
    text
}

/// A text in lines that stand behind the names.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut column = NAMES + 2;
    for word in text.split(' ') {
        if column + word.len() > WIDTH {
            let _ = write!(lines, "\n{:1$}", "", NAMES + 2);
            column = NAMES + 2;
        }
        lines.push_str(word);
        lines.push(' ');
        column += word.len() + 1;
    }
    lines.trim_end().replace(" \n", "\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_subcommand_stands_in_one_group() {
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let known = Cli::command();
        let mut wanted: BTreeSet<&str> = known.get_subcommands().map(clap::Command::get_name).collect();
        wanted.insert("help");
        assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), wanted);
        assert_eq!(grouped.len(), wanted.len());
        let help = command().render_long_help().to_string();
        assert!(help.lines().all(|line| line.chars().count() <= WIDTH), "{help}");
        assert!(help.contains("Try files that exist:") && !help.contains("\nCommands:"), "{help}");
    }
}
