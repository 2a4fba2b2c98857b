//! `shelflife plan`: what would run.

use std::fmt::Write as _;

use super::args::{MessageFormat, PlanArgs};
use super::console;
use super::failure::Failure;
use super::load;
use crate::explain::{self, Promise, Statement, Versions};
use crate::matrix::{EnvironmentSpec, RuntimeSpec, VersionSpec};
use crate::notation::Version;
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
        "\n{} artifacts, {} in {} environments",
        plan.artifacts.len(),
        if plan.cell_count() == (plan.artifacts.len() * plan.consumers.len()) as u64 {
            "each read"
        } else {
            "each read where the matrix says so"
        },
        plan.consumers.len()
    );
    text.push_str(&promised(&plan));
    console::print(&text)?;
    Ok(ExitCode::Done)
}

/// A writer, a reader, and what is documented about them.
type Stated<'p> = (&'p EnvironmentSpec, &'p EnvironmentSpec, Statement);

/// What is documented about the pairs of a plan, from the versions that it declares.
fn statements(plan: &Plan) -> Vec<(&'static Promise, Vec<Stated<'_>>)> {
    let of = |promise: &'static Promise| {
        let concerned = plan.environments.iter().filter(|environment| {
            environment.producer && environment.setup.extension.as_deref() == Some(promise.extension.as_str())
        });
        let pairs = concerned.flat_map(|producer| {
            let consumers = plan.environments.iter().filter(|environment| environment.consumer);
            consumers.map(move |consumer| {
                (producer, consumer, promise.stated(&declared(producer), &declared(consumer)))
            })
        });
        (promise, pairs.collect::<Vec<_>>())
    };
    explain::promises().iter().map(of).filter(|(_, pairs)| !pairs.is_empty()).collect()
}

/// Every statement, a line each.
fn promised(plan: &Plan) -> String {
    let mut text = String::new();
    for (promise, pairs) in statements(plan) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "\n{}, as documented ({}):", promise.title, promise.link);
        for (producer, consumer, Statement { promised, because }) in pairs {
            let word = match promised {
                Some(true) => "works".to_owned(),
                Some(false) => format!("not promised ({})", because.join(", ")),
                None => format!("unknown ({})", because.join(", ")),
            };
            let _ = writeln!(text, "  {} -> {}: {word}", producer.name, consumer.name);
        }
    }
    text
}

/// The same in numbers, before a run tries it.
pub(super) fn promised_in_short(plan: &Plan) -> Vec<String> {
    let short = |(promise, pairs): (&Promise, Vec<Stated<'_>>)| {
        let works = pairs.iter().filter(|(_, _, statement)| statement.promised == Some(true)).count();
        format!(
            "{}: {works} of {} pairs are documented as working (`shelflife plan` lists them); trying all",
            promise.title,
            pairs.len()
        )
    };
    statements(plan).into_iter().map(short).collect()
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
