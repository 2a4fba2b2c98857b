//! `shelflife map`: which release reads what which other one has written.

use super::args::{ExportArgs, MapArgs, MapCommand};
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app;
use crate::compat::{self, MapFacts, MayMeet, Question, Unasked};
use crate::present::{self, MapHead};
use crate::vocab::ExitCode;

pub(super) fn map(args: &MapArgs) -> Result<ExitCode, Failure> {
    if let Some(MapCommand::Export(args)) = &args.command {
        return export(args);
    }
    if !args.measure.is_empty() {
        let facts = app::measure_map(&args.measure, &args.reports, compat::map())?;
        console::print(&facts.to_text().map_err(|error| Failure::Render(error.into()))?)?;
        return Ok(ExitCode::Done);
    }
    asked(compat::map(), args).map_err(|unasked| {
        let (what, help) = present::map_unasked(compat::map(), &unasked);
        Failure::NotFound { what, help }
    })?
}

/// Writes the map in every form.
fn export(args: &ExportArgs) -> Result<ExitCode, Failure> {
    let files = present::map_export(compat::map(), args.number)?;
    let listed = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    present::write_new_folder(&args.output, listed)?;
    if console::is_for_programs() {
        programs::document(&serde_json::json!({
            "folder": programs::path(&args.output),
            "written": files.iter().map(|(path, _)| path).collect::<Vec<_>>(),
        }))?;
    }
    let folder = args.output.display();
    console::note(&format!("wrote {} files to {folder}; {folder}/site/index.html is the site", files.len()));
    Ok(ExitCode::Done)
}

/// Answers, or says what is not in the map.
fn asked(facts: &MapFacts, args: &MapArgs) -> Result<Result<ExitCode, Failure>, Unasked> {
    // Clap lets nothing else through.
    let bits = |text: &str| if text == "32" { 32 } else { 64 };
    let question = Question {
        format: args.format.as_str().into(),
        from_bits: bits(&args.from_bits),
        bits: bits(&args.bits),
    };
    let estimator = args.estimator.as_deref().map(|name| compat::within(facts, name)).transpose()?;
    let producers = compat::releases(facts, |environment| environment.bits == question.from_bits);
    let consumers = compat::releases(facts, |environment| environment.bits == question.bits);
    let from = args.from.as_deref().map(|it| compat::release(&producers, it)).transpose()?;
    let to = args.to.as_deref().map(|it| compat::release(&consumers, it)).transpose()?;
    let beside =
        from.as_deref().map(|it| present::map_beside(facts, it, question.from_bits)).unwrap_or_default();
    let head =
        MapHead { beside: &beside, estimator, from: from.as_deref(), to: to.as_deref(), question: &question };
    let is_json = console::is_for_programs();
    Ok(match (estimator, &from, &to) {
        (None, Some(from), Some(to)) => {
            let mut all = compat::pair(facts, from, to, &question)?;
            MayMeet::new(facts).add_to_pair(from, to, &question, &mut all);
            if is_json {
                programs::document(&present::pair_object(facts, &head, &all))
            } else {
                console::print(&present::map_pair(&head, &all))
            }
        }
        (None, None, None) => {
            if is_json {
                programs::document(facts)
            } else {
                console::print(&present::map_overview(facts))
            }
        }
        (None, _, _) => Err(Failure::Usage {
            what: "one release alone is not a question about all estimators".to_owned(),
            help: "name an estimator, or both --from and --to".to_owned(),
        }),
        (Some(estimator), from, to) => {
            let is_meant =
                |known: &str, wanted: &Option<String>| wanted.as_deref().is_none_or(|it| it == known);
            let mut rows = match from {
                Some(from) => vec![(from.clone(), compat::row(facts, estimator, from, &question)?)],
                None => compat::square(facts, estimator, &question)?,
            };
            for (_, row) in &mut rows {
                row.retain(|(release, _)| is_meant(release, to));
            }
            MayMeet::new(facts).add_to_square(estimator, &question, &mut rows);
            if is_json {
                programs::document(&present::map_object(facts, &head, &rows))
            } else {
                match (from, rows.as_slice()) {
                    (Some(_), [(_, row)]) => console::print(&present::map_row(&head, row)),
                    _ => console::print(&present::map_square(&head, &rows)),
                }
            }
        }
    }
    .map(|()| ExitCode::Done))
}
