//! `shelflife plan`: what would run.

use std::fmt::Write as _;

use super::args::{MessageFormat, PlanArgs};
use super::console;
use super::failure::Failure;
use super::load;
use crate::explain::{self, Versions};
use crate::matrix::{EnvironmentSpec, RuntimeSpec, Version, VersionSpec};
use crate::plan::Plan;
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
        "\n{} artifacts, each read in {} environments",
        plan.artifacts.len(),
        plan.consumers.len()
    );
    text.push_str(&promised(&plan));
    console::print(&text)?;
    Ok(ExitCode::Done)
}

/// What is documented about the pairs of a plan, from the versions that it declares.
fn promised(plan: &Plan) -> String {
    let mut text = String::new();
    for promise in explain::promises() {
        let concerned = plan.environments.iter().filter(|environment| {
            environment.producer && environment.setup.extension.as_deref() == Some(promise.extension.as_str())
        });
        let mut lines = Vec::new();
        for producer in concerned {
            for consumer in plan.environments.iter().filter(|environment| environment.consumer) {
                let statement = promise.stated(&declared(producer), &declared(consumer));
                let word = match statement.promised {
                    Some(true) => "works".to_owned(),
                    Some(false) => format!("not promised ({})", statement.because.join(", ")),
                    None => format!("unknown ({})", statement.because.join(", ")),
                };
                lines.push(format!("  {} -> {}: {word}", producer.name, consumer.name));
            }
        }
        if !lines.is_empty() {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "\n{}, as documented ({}):", promise.title, promise.link);
            lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
        }
    }
    text
}

/// The versions that an environment declares exactly.
fn declared(environment: &EnvironmentSpec) -> Versions {
    let exact = |spec: &VersionSpec| spec.label().parse::<Version>().ok();
    let mut versions: Versions =
        environment.packages.iter().filter_map(|(name, spec)| Some((name.clone(), exact(spec)?))).collect();
    if let RuntimeSpec::Venv { python } = &environment.runtime
        && let Ok(version) = python.parse()
    {
        versions.insert("python".to_owned(), version);
    }
    versions
}
