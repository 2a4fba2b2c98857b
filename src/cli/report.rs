//! `shelflife report`: renders a recorded run again.

use super::args::ReportArgs;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::ReportRequest;
use crate::judge;
use crate::present::{self, ASKED_RENDERERS, RENDERERS, Renderer, TerminalOptions, View, terminal};
use crate::vocab::ExitCode;

pub(super) fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let wants_terminal = args.format.iter().any(|name| name == "terminal");
    let renderers = chosen(&args.format)?;
    let request = ReportRequest {
        run: args.run.clone(),
        reports: args.reports.clone(),
        forecast: args.forecast,
        fail_on: args.fail_on.clone(),
        baseline: args.baseline.clone(),
    };
    let (folder, record) = request.judge()?;
    let view = View::new(&record);
    let to_stdout = args.output.as_deref().is_some_and(|output| output.as_os_str() == "-");
    let code = judge::exit_code(&record);
    if to_stdout || wants_terminal {
        let is_json = matches!(renderers.as_slice(), [renderer] if renderer.name == "json");
        if console::is_for_programs() && !is_json {
            return Err(Failure::Usage {
                what: "standard output takes JSON alone with --json".to_owned(),
                help: "print the results with --format json --output -, or name a folder with --output"
                    .to_owned(),
            });
        }
        match (wants_terminal, renderers.as_slice()) {
            (true, []) => {
                let options =
                    TerminalOptions { width: console::terminal_width(), ..TerminalOptions::default() };
                console::print(&terminal(&record, &options))?;
            }
            (false, [renderer]) => console::print_bytes(&renderer.render(&view)?)?,
            _ => {
                return Err(Failure::Usage {
                    what: "standard output takes one format".to_owned(),
                    help: "name one with --format, for example --format markdown --output -".to_owned(),
                });
            }
        }
    } else {
        let target = args.output.as_deref().unwrap_or(&folder);
        let written = present::write_reports(target, &view, &renderers)?;
        if console::is_for_programs() {
            programs::document(&serde_json::json!({
                "run": record.run.name,
                "written": written.iter().map(|path| programs::path(path)).collect::<Vec<_>>(),
                "summary": record.summary,
                "exit_code": code as u8,
            }))?;
        }
        for path in written {
            console::note(&format!("wrote {}", path.display()));
        }
    }
    Ok(code)
}

fn chosen(names: &[String]) -> Result<Vec<Renderer>, Failure> {
    if names.is_empty() {
        return Ok(RENDERERS.to_vec());
    }
    let mut chosen = Vec::new();
    for name in names.iter().filter(|name| *name != "terminal") {
        match all().find(|renderer| renderer.name == name) {
            Some(renderer) => chosen.push(*renderer),
            None => {
                let known: Vec<_> = all().map(|renderer| renderer.name).collect();
                return Err(Failure::Usage {
                    what: format!("there is no report format `{name}`"),
                    help: format!("use one of {}, terminal", known.join(", ")),
                });
            }
        }
    }
    Ok(chosen)
}

fn all() -> impl Iterator<Item = &'static Renderer> {
    RENDERERS.iter().chain(ASKED_RENDERERS)
}
