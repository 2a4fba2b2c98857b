//! `report.md`: the table and the findings for release notes and pull requests on GitHub.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use super::error::RenderError;
use super::forecast;
use super::isolation;
use super::markup::{code, html, prose, spans};
use super::promises;
use super::reasons::broken as broken_reason;
use super::tables::tables;
use super::view::{FindingView, Fixed, Section, UNEXPLAINED, UNEXPLAINED_ADVICE, View, abridged};
use super::words;
use super::words::{ARROW, Group, difference, duration, join, line, number, plural, shorten};
use crate::vocab::{CellRecord, EnvironmentRecord, Verdict};

/// Lists longer than this are folded.
const FOLD_ABOVE: usize = 6;
/// Longest list inside a fold: a comment on GitHub holds 65,536 characters.
const LONGEST_FOLD: usize = 24;
/// Findings shown in a section.
const MOST_FINDINGS: usize = 60;
/// Findings of a section whose cells are listed, too.
const MOST_LISTED: usize = 12;
/// Longest message.
const LONGEST_MESSAGE: usize = 500;

/// Renders `report.md`.
///
/// # Errors
/// When it cannot be written.
pub fn write(view: &View<'_>, out: &mut dyn io::Write) -> Result<(), RenderError> {
    Ok(out.write_all(text(view).as_bytes())?)
}

fn text(view: &View<'_>) -> String {
    let mut out = String::with_capacity(16 * 1024);
    heading(&mut out, view);
    let files = super::files::markdown(view.record);
    if files.is_empty() || view.record.artifacts.iter().any(|artifact| artifact.file.is_none()) {
        table(&mut out, view);
    }
    push(&mut out, &files);
    for section in Section::ALL {
        let findings: Vec<_> = view.section(section).collect();
        let has_broken = section == Section::Environment && !view.broken_environments.is_empty();
        if findings.is_empty() && !has_broken {
            continue;
        }
        push(
            &mut out,
            &format!("\n### {} {}\n\n{}\n", emoji(section), section.title(), spans(section.advice())),
        );
        let (findings, left_out) = findings.split_at(findings.len().min(MOST_FINDINGS));
        match section {
            Section::Silent | Section::Nondeterministic => differences(&mut out, view, findings),
            Section::Failure
            | Section::Environment
            | Section::Unjudged
            | Section::NotTried
            | Section::Noise => {
                push(&mut out, "\n");
                if has_broken {
                    view.broken_environments.iter().for_each(|environment| broken(&mut out, environment));
                }
                findings.iter().for_each(|finding| failure(&mut out, view, finding));
            }
            Section::Unsupported => unsupported(&mut out, findings),
        }
        if !left_out.is_empty() {
            push(
                &mut out,
                &format!("\nand {} in report.html\n", plural(left_out.len() as u64, "more finding")),
            );
        }
    }
    unexplained(&mut out, view);
    if !view.fixed.is_empty() {
        push(&mut out, &format!("\n### {} {}\n\n", Group::Works.emoji(), Fixed::TITLE));
        view.fixed.iter().for_each(|fixed| push(&mut out, &format!("- {}\n", spans(&fixed.advice()))));
    }
    side_tables(&mut out, view);
    crossings(&mut out, view);
    promised(&mut out, view);
    suspicious(&mut out, view);
    score(&mut out, view);
    environments(&mut out, view);
    footer(&mut out, view);
    out
}

fn push(out: &mut String, text: &str) {
    out.push_str(text);
}

const fn emoji(section: Section) -> &'static str {
    match section {
        Section::Silent => Group::Silent.emoji(),
        Section::Nondeterministic => "🎲",
        Section::Failure => Group::Fails.emoji(),
        Section::Environment | Section::Unjudged | Section::NotTried => Group::NoVerdict.emoji(),
        Section::Noise => Group::Works.emoji(),
        Section::Unsupported => Group::Unsupported.emoji(),
    }
}

fn heading(out: &mut String, view: &View<'_>) {
    let record = view.record;
    push(out, &format!("## Where saved models still work: {}\n\n", prose(&record.matrix.name)));
    if let Some(description) = &record.matrix.description {
        push(out, &format!("{}\n\n", prose(description)));
    }
    if record.run.interrupted {
        push(out, "> **Interrupted:** cells are missing. The same command goes on where it stopped.\n\n");
    }
    push(out, &format!("**{}:** {}", plural(record.summary.cells, "cell"), view.counts.sentence()));
    if let Some(explained) = view.explained_sentence() {
        push(out, &format!("  \n**Known causes:** {explained}"));
    }
    if !record.summary.statuses.is_empty() {
        let statuses =
            join(record.summary.statuses.iter().map(|(status, count)| format!("{count} {status}")));
        push(out, &format!("  \n**Judged:** {statuses}"));
    }
    push(out, "\n");
}

/// What cells tried that they may not, and what they were not kept from.
fn suspicious(out: &mut String, view: &View<'_>) {
    let suspects = isolation::suspects(view.record);
    if !suspects.is_empty() {
        let (title, advice) = (isolation::SUSPICIOUS, isolation::SUSPICIOUS_ADVICE);
        push(out, &format!("\n### {} {title}\n\n{advice}\n\n", Group::Fails.emoji()));
    }
    for suspect in suspects {
        push(out, &format!("- {} tried: {}\n", code(&suspect.model), prose(&suspect.tried)));
    }
    if let Some(gaps) = isolation::gaps(view.record) {
        push(out, &format!("\n{}\n", spans(&gaps)));
    }
}

/// What no known cause matches, once more and by itself: it should be empty.
fn unexplained(out: &mut String, view: &View<'_>) {
    let mut all = view.unexplained().peekable();
    if all.peek().is_none() {
        return;
    }
    push(out, &format!("\n### {} {UNEXPLAINED}\n\n{UNEXPLAINED_ADVICE}\n\n", Group::NoVerdict.emoji()));
    for shown in all {
        let cells = plural(shown.finding.cells.len() as u64, "cell");
        push(out, &format!("- {cells}: {}\n", message(&shown.brief())));
    }
}

fn table(out: &mut String, view: &View<'_>) {
    push(out, "\n| written by ↓ · read by → |");
    for consumer in &view.consumers {
        push(out, &format!(" {} |", code(consumer.name)));
    }
    push(out, "\n| :-- |");
    push(out, &" --: |".repeat(view.consumers.len()));
    push(out, "\n");
    for (row, producer) in view.producers.iter().enumerate() {
        push(out, &format!("| {} |", code(producer.name)));
        for column in 0..view.consumers.len() {
            // Blanks that do not break keep a symbol with its number on one line.
            let groups: Vec<_> = view
                .pair(row, column)
                .counts
                .groups()
                .map(|(group, count)| format!("{}\u{a0}{count}", group.emoji()))
                .collect();
            push(out, &format!(" {} |", groups.join(" ")));
        }
        push(out, "\n");
    }
    let legend: Vec<_> =
        view.counts.groups().map(|(group, _)| format!("{} {}", group.emoji(), group.word())).collect();
    push(out, &format!("\nNumber of cells that are: {}.\n", legend.join(" · ")));
}

fn differences(out: &mut String, view: &View<'_>, findings: &[&FindingView<'_>]) {
    push(
        out,
        "\n| model | written → read | output | difference | worst row: reference → observed | format |\n",
    );
    push(out, "| :-- | :-- | :-- | :-- | :-- | :-- |\n");
    for finding in findings {
        match &finding.worst {
            Some(worst) => difference_row(out, finding, worst.cell),
            None => {
                push(out, &format!("| {} | | | {} | | |\n", models(finding), message(&finding.text.title)))
            }
        }
    }
    push(out, "\n");
    for finding in findings {
        let mut notes = notes(finding);
        if let Some(cause) = &finding.text.cause {
            notes.push(format!("why: {}{}", spans(cause), links(finding)));
        }
        if let Some(remedy) = &finding.remedy {
            notes.push(format!("next: {}", spans(remedy)));
        }
        if !notes.is_empty() {
            push(out, &format!("- {}: {}\n", models(finding), notes.join("; ")));
        }
    }
    for finding in findings.iter().filter(|finding| finding.finding.cells.len() > 1).take(MOST_LISTED) {
        let cells: Vec<_> =
            finding.finding.cells.iter().filter_map(|index| view.record.cells.get(*index)).collect();
        let names = html(&words::shorten(&abridged_models(finding), 200));
        push(
            out,
            &format!("\n<details><summary>{names}: all {}</summary>\n\n", plural(cells.len() as u64, "cell")),
        );
        push(out, "| model | written → read | output | difference | worst row | format |\n");
        push(out, "| :-- | :-- | :-- | :-- | :-- | :-- |\n");
        cells.iter().take(LONGEST_FOLD).for_each(|cell| difference_row(out, finding, cell));
        more(out, cells.len());
        push(out, "\n</details>\n");
    }
}

fn difference_row(out: &mut String, finding: &FindingView<'_>, cell: &CellRecord) {
    let Some((output, facts)) = cell.worst_output() else {
        return push(out, &format!("| {} | {} | | | | |\n", code(cell.model.as_str()), pair(cell)));
    };
    let size = if facts.mismatch.is_none() && facts.flips == 0 && facts.nonfinite_differ == 0 {
        let floor = facts.noise.as_deref().map(|floor| format!(", {}", words::noise_floor(floor, false)));
        let beside = words::flips_beside(cell, output);
        format!("max abs {}{}{}", number(facts.max_abs.0), floor.unwrap_or_default(), prose(&beside))
    } else {
        let mut without_row = facts.clone();
        without_row.worst = None;
        code(&difference(&without_row, ARROW))
    };
    let row = facts.worst.as_ref().map_or_else(String::new, |worst| {
        let (reference, observed) = words::worst_values(facts, worst);
        format!("{} {} → {}", code(&words::index(&worst.index)), code(&reference), code(&observed))
    });
    let is_worst = finding.worst.is_some_and(|worst| std::ptr::eq(worst.cell, cell));
    let emphasis = if is_worst && finding.section == Section::Silent { "**" } else { "" };
    push(
        out,
        &format!(
            "| {} | {} | {} | {emphasis}{size}{emphasis} | {row} | {} |\n",
            code(cell.model.as_str()),
            pair(cell),
            code(output),
            code(cell.format.as_str())
        ),
    );
}

fn failure(out: &mut String, view: &View<'_>, shown: &FindingView<'_>) {
    let finding = shown.finding;
    push(
        out,
        &format!("- **{}** ({}) {}\n", finding.verdict, finding.stage.as_str(), message(&shown.text.title)),
    );
    let mut facts = format!("{} of {}", plural(finding.cells.len() as u64, "cell"), models(shown));
    let formats = shown.formats(view);
    if !formats.is_empty() {
        let _ = write!(facts, ", only {}", prose(&formats));
    }
    for note in notes(shown) {
        let _ = write!(facts, "; {note}");
    }
    push(out, &format!("  - {facts}\n"));
    if let (Some(cause), Some(says)) = (&shown.text.cause, shown.text.details.first()) {
        push(out, &format!("  - says: {}\n  - why: {}{}\n", message(says), spans(cause), links(shown)));
    }
    if let Some(remedy) = &shown.remedy {
        push(out, &format!("  - next: {}\n", spans(remedy)));
    }
    let pairs: Vec<_> = finding
        .pairs
        .iter()
        .map(|(from, to)| format!("{} → {}", code(from.as_str()), code(to.as_str())))
        .collect();
    if pairs.len() <= FOLD_ABOVE {
        push(out, &format!("  - {}\n", pairs.join(", ")));
    } else {
        push(out, &format!("  - <details><summary>{} pairs</summary>\n\n", pairs.len()));
        push(out, &format!("    {}\n", pairs[..pairs.len().min(LONGEST_FOLD)].join(", ")));
        if pairs.len() > LONGEST_FOLD {
            push(out, &format!("    and {} more in results.csv\n", pairs.len() - LONGEST_FOLD));
        }
        push(out, "    </details>\n");
    }
}

fn broken(out: &mut String, environment: &EnvironmentRecord) {
    let error = broken_reason(environment).unwrap_or_default();
    let verdict = if environment.not_reached { Verdict::NotTried } else { Verdict::EnvError };
    push(out, &format!("- **{verdict}** {}: {}\n", code(environment.name.as_str()), message(&error)));
    if let Some(remedy) = &environment.remedy {
        push(out, &format!("  - next: {}\n", spans(remedy)));
    }
}

fn unsupported(out: &mut String, findings: &[&FindingView<'_>]) {
    push(out, "\n| model | reason | cells | written → read |\n| :-- | :-- | --: | :-- |\n");
    for finding in findings {
        let pairs: Vec<_> = finding.finding.pairs.iter().map(|(from, to)| format!("{from} → {to}")).collect();
        push(
            out,
            &format!(
                "| {} | {} | {} | {} |\n",
                models(finding),
                prose(&shorten(&line(&finding.text.title), LONGEST_MESSAGE)),
                finding.finding.cells.len(),
                prose(&abridged(pairs.iter().map(String::as_str), FOLD_ABOVE))
            ),
        );
    }
}

/// ` [1] [2]`, as links.
fn links(shown: &FindingView<'_>) -> String {
    let mut text = String::new();
    // What a link may hold without ending it or the table around it.
    let is_plain = |link: &&String| {
        link.starts_with("https://") && !link.contains(|letter: char| " ()<>|\"'`".contains(letter))
    };
    for (index, link) in shown.text.links.iter().filter(is_plain).enumerate() {
        let _ = write!(text, " [[{}]]({link})", index + 1);
    }
    text
}

/// Culprit, cause, status.
fn notes(shown: &FindingView<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(blame) = &shown.finding.blame {
        notes.push(format!("blame {}", code(blame)));
    }
    if let Some(rule) = &shown.finding.rule {
        notes.push(format!("known cause {}", code(rule)));
    }
    if !shown.statuses.is_empty() {
        notes.push(join(shown.statuses.iter().map(|(status, count)| format!("{count} {status}"))));
    }
    if let Some(note) = shown.declared {
        let place = code(&note.declared_at);
        notes.push(format!("declared as {} at {place}: {}", join(&note.verdicts), prose(&note.reason)));
    }
    notes
}

fn environments(out: &mut String, view: &View<'_>) {
    push(out, "\n<details><summary>Environments</summary>\n\n");
    // The package under test, where it is not scikit-learn.
    let package = view.record.matrix.package.as_deref();
    let (head, rule) =
        package.map_or_else(Default::default, |name| (format!(" {} |", prose(name)), " :-- |"));
    push(
        out,
        &format!("| name | made by | Python |{head} scikit-learn | numpy | scipy | machine | bits | |\n"),
    );
    push(out, &format!("| :-- | :-- | :-- |{rule} :-- | :-- | :-- | :-- | --: | :-- |\n"));
    for environment in &view.record.environments {
        let version =
            |package: &str| environment.packages.get(package).map_or(Cow::Borrowed(""), |v| prose(v));
        let own = package.map_or_else(String::new, |name| format!(" {} |", version(name)));
        let bits = if environment.bits == 0 { String::new() } else { environment.bits.to_string() };
        let error = broken_reason(environment).as_deref().map_or_else(String::new, message);
        push(
            out,
            &format!(
                "| {} | {} | {} |{own} {} | {} | {} | {} | {bits} | {error} |\n",
                code(environment.name.as_str()),
                environment.runtime.as_str(),
                prose(&environment.python),
                version("scikit-learn"),
                version("numpy"),
                version("scipy"),
                prose(&environment.arch),
            ),
        );
    }
    push(out, "\n</details>\n");
}

/// The formats side by side, and what else is told in a table of its own.
fn side_tables(out: &mut String, view: &View<'_>) {
    for table in tables(view.record) {
        push(out, &format!("\n### {}\n\n", table.title));
        push(out, &format!("| {} |\n", table.heads.join(" | ")));
        let numbers = table.heads.len().saturating_sub(1 + table.texts);
        push(out, &format!("| :-- |{}{}\n", " :-- |".repeat(table.texts), " --: |".repeat(numbers)));
        for row in &table.rows {
            let Some((name, rest)) = row.split_first() else { continue };
            push(out, &format!("| {} | {} |\n", code(name), rest.join(" | ")));
        }
        push(out, &format!("\n{}\n", table.legend));
    }
}

/// What is documented, beside what happened.
fn promised(out: &mut String, view: &View<'_>) {
    for promise in &view.record.promises {
        push(out, &format!("\n### {}: what is documented and what happens\n\n", prose(&promise.title)));
        push(out, &format!("{} ([documented]({}))\n\n", promises::sentence(promise), promise.link));
        push(out, "| pair | documented | tried | differs |\n| :-- | :-- | :-- | :-- |\n");
        for row in promises::rows(promise, ARROW) {
            let texts = [&row.pair, &row.stated, &row.tried, &row.differs].map(|text| prose(text));
            push(out, &format!("| {} |\n", texts.join(" | ")));
        }
    }
}

/// The same scikit-learn across pointer widths and byte orders.
fn crossings(out: &mut String, view: &View<'_>) {
    for crossing in &view.crossings {
        let direction = crossing.direction.text(ARROW);
        push(out, &format!("\n### 🔀 {direction}, same scikit-learn\n\n"));
        let versions = join(crossing.versions.iter().map(|version| prose(version)));
        push(out, &format!("scikit-learn {versions}: {}\n", crossing.counts.sentence()));
        if crossing.failures.is_empty() {
            push(out, "\nEvery model crosses.\n");
            continue;
        }
        push(out, "\n| | models that do not cross | formats | what happens | in scikit-learn |\n");
        push(out, "| :-- | :-- | :-- | :-- | :-- |\n");
        for failure in &crossing.failures {
            let (group, models, formats) =
                (failure.group.emoji(), failure.models_text(usize::MAX), failure.formats_text());
            let (models, what, when) = (prose(&models), message(&failure.what), prose(&failure.when));
            push(out, &format!("| {group} | {models} | {} | {what} | {when} |\n", prose(&formats)));
        }
    }
}

/// How forecasts did, rule by rule.
fn score(out: &mut String, view: &View<'_>) {
    let Some(score) = &view.record.score else { return };
    push(out, "\n### Forecast\n\n");
    forecast::sentences(score).iter().for_each(|line| push(out, &format!("- {line}\n")));
    push(out, "\n<details><summary>By rule</summary>\n\n");
    push(out, "| rule | forecast | precision | happened | recall |\n| :-- | --: | --: | --: | --: |\n");
    for row in forecast::rows(score) {
        let (name, precision, recall) = (code(&row.name), &row.precision, &row.recall);
        push(out, &format!("| {name} | {} | {precision} | {} | {recall} |\n", row.forecast, row.actual));
    }
    push(out, "\n</details>\n");
}

fn footer(out: &mut String, view: &View<'_>) {
    let run = &view.record.run;
    push(
        out,
        &format!(
            "\n<sub>shelflife {}, run {}, started {}, {}.</sub>\n",
            html(&run.shelflife),
            html(&run.name),
            html(&run.started),
            duration(run.seconds)
        ),
    );
}

fn more(out: &mut String, total: usize) {
    if total > LONGEST_FOLD {
        push(out, &format!("\nand {} more in results.csv\n", total - LONGEST_FOLD));
    }
}

fn pair(cell: &CellRecord) -> String {
    format!("{} → {}", code(cell.producer.as_str()), code(cell.consumer.as_str()))
}

fn abridged_models(finding: &FindingView<'_>) -> String {
    abridged(finding.finding.models.iter().map(|name| name.as_str()), 3)
}

fn models(finding: &FindingView<'_>) -> String {
    let models = &finding.finding.models;
    let shown = join(models.iter().take(3).map(|model| code(model.as_str())));
    if models.len() > 3 { format!("{shown} and {} more", models.len() - 3) } else { shown }
}

fn message(text: &str) -> String {
    code(&shorten(&line(text), LONGEST_MESSAGE))
}
