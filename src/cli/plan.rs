//! `shelflife plan`: what would run.

use std::fmt::Write as _;

use super::args::{MessageFormat, PlanArgs};
use super::console;
use super::failure::Failure;
use crate::app::{load_datasets, load_plan, statements};
use crate::matrix::EnvironmentSpec;
use crate::plan::Plan;
use crate::vocab::ExitCode;

pub(super) fn plan(args: &PlanArgs) -> Result<ExitCode, Failure> {
    let (matrix, plan) = load_plan(&args.matrix, &args.select.selection())?;
    if args.message_format == MessageFormat::Json {
        let json = serde_json::to_string_pretty(&plan.record(&matrix))
            .map_err(|error| Failure::Render(error.into()))?;
        console::print(&format!("{json}\n"))?;
        return Ok(ExitCode::Done);
    }
    // The datasets are read too: a plan that cannot run is no plan.
    load_datasets(&matrix, &plan)?;
    console::print(&words(&matrix.name, &plan))?;
    for refusal in &matrix.refused {
        console::print(&format!("left out: {} ({})\n", refusal.message, refusal.help))?;
    }
    Ok(ExitCode::Done)
}

fn words(name: &str, plan: &Plan) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{name}: {} cells", plan.cell_count());
    let _ = writeln!(text, "\nenvironments ({}):", plan.environments.len());
    plan.environments.iter().for_each(|environment| environment_line(&mut text, environment));
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
    text.push_str(&promised(plan));
    text
}

fn environment_line(text: &mut String, environment: &EnvironmentSpec) {
    let packages: Vec<_> =
        environment.packages.iter().map(|(name, version)| version.requirement(name)).collect();
    let role = match (environment.producer, environment.consumer) {
        (true, false) => ", producer only",
        (false, true) => ", consumer only",
        _ => "",
    };
    let packages = if packages.is_empty() { String::new() } else { format!(", {}", packages.join(", ")) };
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "  {}: {}{packages}{role}", environment.name, environment.runtime);
}

/// Every statement about the pairs, a line each.
fn promised(plan: &Plan) -> String {
    let mut text = String::new();
    for stated in statements(plan) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "\n{}, as documented ({}):", stated.promise.title, stated.promise.link);
        for pair in stated.pairs {
            let because = pair.statement.because.join(", ");
            let word = match pair.statement.promised {
                Some(true) => "works".to_owned(),
                Some(false) => format!("not promised ({because})"),
                None => format!("unknown ({because})"),
            };
            let _ = writeln!(text, "  {} -> {}: {word}", pair.producer.name, pair.consumer.name);
        }
    }
    text
}
