//! `shelflife plan`: what would run.

use std::fmt::Write as _;

use super::args::PlanArgs;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{load_datasets, load_plan, statements};
use crate::matrix::{EnvironmentSpec, Matrix};
use crate::plan::Plan;
use crate::vocab::ExitCode;

pub(super) fn plan(args: &PlanArgs) -> Result<ExitCode, Failure> {
    let (matrix, plan) = load_plan(&args.matrix, &args.select.selection())?;
    // The datasets are read too: a plan that cannot run is no plan.
    load_datasets(&matrix, &plan)?;
    if console::is_for_programs() {
        programs::document(&answer(&matrix, &plan)?)?;
        return Ok(ExitCode::Done);
    }
    console::print(&words(&matrix.name, &plan))?;
    for refusal in &matrix.refused {
        console::print(&format!("left out: {} ({})\n", refusal.message, refusal.help))?;
    }
    Ok(ExitCode::Done)
}

/// The plan as the events of a run begin with it, and what else the text says.
fn answer(matrix: &Matrix, plan: &Plan) -> Result<serde_json::Value, Failure> {
    let mut answer =
        serde_json::to_value(plan.record(matrix)).map_err(|error| Failure::Render(error.into()))?;
    let promises = statements(plan).into_iter().map(|stated| {
        let pairs = stated.pairs.iter().map(|pair| {
            serde_json::json!({
                "producer": pair.producer.name,
                "consumer": pair.consumer.name,
                "promised": pair.statement.promised,
                "because": pair.statement.because,
            })
        });
        serde_json::json!({
            "title": stated.promise.title,
            "link": stated.promise.link,
            "pairs": pairs.collect::<Vec<_>>(),
        })
    });
    answer["matrix"] = matrix.name.clone().into();
    answer["cells"] = plan.cell_count().into();
    answer["artifacts"] = plan.artifacts.len().into();
    answer["promises"] = promises.collect();
    Ok(answer)
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
