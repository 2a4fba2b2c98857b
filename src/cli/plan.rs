//! `shelflife plan`: what would run.

use std::fmt::Write as _;

use super::args::{MessageFormat, PlanArgs};
use super::console;
use super::failure::Failure;
use super::load;
use crate::vocab::ExitCode;

pub(super) fn plan(args: &PlanArgs) -> Result<ExitCode, Failure> {
    let (matrix, plan) = load::matrix_and_plan(&args.matrix, &args.select)?;
    if args.message_format == MessageFormat::Json {
        let json = serde_json::to_string_pretty(&plan.record(&matrix))
            .map_err(|error| Failure::Render(error.into()))?;
        console::print(&format!("{json}\n"))?;
        return Ok(ExitCode::Done);
    }
    // The datasets are read too: a plan that cannot run is no plan.
    load::datasets(&matrix, &plan)?;
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{}: {} cells", matrix.name, plan.cell_count());
    let _ = writeln!(text, "\nenvironments ({}):", plan.environments.len());
    for environment in &plan.environments {
        let packages: Vec<_> =
            environment.packages.iter().map(|(name, version)| version.requirement(name)).collect();
        let role = match (environment.producer, environment.consumer) {
            (true, false) => ", producer only",
            (false, true) => ", consumer only",
            _ => "",
        };
        let packages = if packages.is_empty() { String::new() } else { format!(", {}", packages.join(", ")) };
        let _ = writeln!(text, "  {}: {}{packages}{role}", environment.name, environment.runtime);
    }
    let _ = writeln!(text, "\nmodels ({}):", plan.models.len());
    for model in &plan.models {
        let formats: Vec<_> = model.formats.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  {}: on {}, as {}", model.name, model.dataset, formats.join(", "));
    }
    let _ = writeln!(
        text,
        "\n{} artifacts, {} in {} environments",
        plan.artifacts.len(),
        if plan.cell_count() == (plan.artifacts.len() * plan.consumers.len()) as u64 {
            "each read"
        } else {
            "each read where the matrix says so"
        },
        plan.consumers.len()
    );
    console::print(&text)?;
    Ok(ExitCode::Done)
}
