//! `shelflife check`: files that exist already, against environments.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::args::{ArtifactArgs, CheckArgs, RunningArgs};
use super::console;
use super::environments;
use super::failure::Failure;
use super::load::{self, Disk};
use super::run::{self, Executed, Wanted};
use crate::artifact::{self, Finder, Packages};
use crate::format::{self, Format};
use crate::judge::JudgeOptions;
use crate::matrix::{
    ArtifactDeclaration, COMMAND_LINE, DatasetSpec, EnvironmentSpec, FindArtifacts as _, Limits, MadeBy,
    Matrix, ModelSpec,
};
use crate::plan::{self, Selection};
use crate::vocab::{EnvName, ExitCode, FormatName, ReferenceKind, Verdict};

pub(super) fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let mut consumers: Vec<EnvironmentSpec> = Vec::new();
    for text in &args.on {
        for environment in environments::parse(text)? {
            if consumers.iter().all(|known| known.name != environment.name) {
                consumers.push(environment);
            }
        }
    }
    let matrix = matrix("check", &args.files, consumers, None)?;
    let done = execute(matrix, &args.running)?;
    let judging = JudgeOptions { fail_on: Verdict::FAILURES.to_vec(), baseline: None, forecast: false };
    let (_, code) = run::finish(&args.running.passing(), &judging, &done)?;
    Ok(code)
}

/// Runs a matrix that was made from a command line.
pub(super) fn execute(matrix: Matrix, running: &RunningArgs) -> Result<Executed, Failure> {
    load::tell_refused(&matrix);
    if matrix.models.is_empty() {
        return Err(Failure::NoArtifact);
    }
    let plan = plan::plan(&matrix, &Selection::default())?;
    let datasets = load::datasets(&matrix, &plan)?;
    let name = run::run_name(running.run.as_deref(), &matrix)?;
    run::execute(Wanted { matrix, plan, datasets, name, running: &running.passing() })
}

/// The matrix of files against environments. What nothing tells the maker of is taken as made in `default_producer`.
pub(super) fn matrix(
    name: &str,
    files: &ArtifactArgs,
    mut environments: Vec<EnvironmentSpec>,
    default_producer: Option<EnvName>,
) -> Result<Matrix, Failure> {
    let mut datasets = BTreeMap::new();
    let mut given = BTreeMap::new();
    let inputs = match &files.inputs {
        None if files.load_only => Some(artifact::NONE.to_owned()),
        None => None,
        Some(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let extension = path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
            match extension.as_deref() {
                Some("csv" | "npy" | "parquet") => {
                    datasets.insert(name.clone(), spec(&name, files)?);
                }
                Some("json" | "jsonl") => {
                    let unusable = |reason: String| Failure::Inputs { path: path.clone(), reason };
                    let bytes = fs_err::read(path).map_err(|error| unusable(error.to_string()))?;
                    let parsed = artifact::json_inputs(path, &bytes).map_err(unusable)?;
                    given.insert(name.clone(), parsed.encode());
                }
                _ => {
                    return Err(Failure::Inputs {
                        path: path.clone(),
                        reason: "it is neither .csv, .parquet, .npy, .json nor .jsonl".to_owned(),
                    });
                }
            }
            Some(name)
        }
    };
    let made_by = match &files.made_by {
        None => None,
        Some(text) => {
            let mut maker = environments::parse_one(text, "--made-by")?;
            let known = environments
                .iter()
                .find(|known| known.runtime == maker.runtime && known.packages == maker.packages);
            Some(MadeBy::Environment(match known {
                Some(known) => known.name.clone(),
                None => {
                    maker.consumer = false;
                    maker.external = true;
                    environments.push(maker.clone());
                    maker.name
                }
            }))
        }
    };
    let format = declared_format(files)?;
    let declared: Vec<ArtifactDeclaration> = files
        .artifacts
        .iter()
        .map(|path| ArtifactDeclaration {
            path: path.clone(),
            declared_path: path.display().to_string(),
            name: None,
            format: format.clone(),
            made_by: made_by.clone(),
            inputs: inputs.clone(),
            expected: files.expected.clone(),
            methods: None,
            seed: files.seed,
        })
        .collect();
    let find = |environments: &[EnvironmentSpec], packages: &Packages| {
        let default_producer = default_producer.clone();
        Finder { files: &Disk, default_producer, packages: packages.clone() }.find(&declared, environments)
    };
    let mut expanded = find(&environments, &Packages::new());
    let needs = artifact::needs(&expanded.models);
    if !needs.is_empty() {
        let names: Vec<String> =
            artifact::add_packages(&mut environments, &needs).iter().map(ToString::to_string).collect();
        if !names.is_empty() {
            let said = needs.iter().map(|(package, version)| match version {
                Some(version) => format!("{package}=={version}"),
                None => package.clone(),
            });
            let said: Vec<String> = said.collect();
            console::note(&format!(
                "reading these files takes {}, where it is not declared: added to {}",
                said.join(", "),
                names.join(", ")
            ));
        }
        // Now that they are other environments, one of them may be the one that made a file.
        expanded = find(&environments, &needs);
    }
    environments.extend(expanded.environments);
    given.extend(expanded.given);
    // Who wrote none of the files is no row of the table.
    for environment in &mut environments {
        let mut files = expanded.models.iter().filter_map(|model| model.source.file());
        environment.producer = files.any(|file| file.producer == environment.name);
    }
    let formats = formats(files, &mut expanded.models)?;
    let limits = Limits::default();
    Ok(Matrix {
        name: name.to_owned(),
        description: None,
        environments,
        formats,
        models: expanded.models,
        datasets,
        tolerances: Vec::new(),
        limits: Limits {
            seconds: files.timeout.unwrap_or(limits.seconds),
            memory_bytes: files.memory.unwrap_or(limits.memory_bytes),
        },
        expectations: Vec::new(),
        given,
        refused: expanded.refused,
    })
}

/// The format that the command line names.
fn declared_format(files: &ArtifactArgs) -> Result<Option<FormatName>, Failure> {
    let Some(name) = &files.format else { return Ok(None) };
    let reads =
        |row: &format::FormatRow| format::handler(row.handler).is_some_and(|handler| handler.reads.is_some());
    let known: Vec<&str> = format::TABLE.iter().filter(|row| reads(row)).map(|row| row.name).collect();
    if known.contains(&name.as_str()) {
        return Ok(Some(name.as_str().into()));
    }
    Err(Failure::Usage {
        what: format!("`{name}` is no format of which files can be tried"),
        help: format!("the formats are {}", known.join(", ")),
    })
}

/// The formats of files, all of which are of the table, with what the command line trusts. An external artifact is
/// compared with what its own producer makes of it, whatever its format: there is no other model.
fn formats(
    files: &ArtifactArgs,
    models: &mut [ModelSpec],
) -> Result<BTreeMap<FormatName, Arc<Format>>, Failure> {
    let mut formats = BTreeMap::new();
    let mut trusted = false;
    for name in models.iter_mut().flat_map(|model| &mut model.formats) {
        let Some(row) = format::find(name.as_str()) else { continue };
        let mut format = row.format();
        format.reference = ReferenceKind::Artifact;
        // MLflow keeps what is trusted in its own folder.
        if !files.trust.is_empty() && row.handler == "skops" {
            trusted = true;
            let trust = match files.trust.as_slice() {
                [word] if word == "all" => Value::from("all"),
                types => types.iter().map(String::as_str).collect(),
            };
            // Another name than that of the table, whose options are known by the name alone.
            format.name = format!("skops-trusting-{}", files.trust.join("+")).as_str().into();
            format.about = format!("a skops file, loaded with trust in {}", files.trust.join(", "));
            format.options = serde_json::json!({ "trust": trust });
            *name = format.name.clone();
        }
        formats.insert(format.name.clone(), Arc::new(format));
    }
    if !files.trust.is_empty() && !trusted {
        return Err(Failure::Usage {
            what: "--trust is for skops files, and there is none".to_owned(),
            help: "leave it out: the other formats ask nobody before they run code".to_owned(),
        });
    }
    Ok(formats)
}

fn spec(name: &str, files: &ArtifactArgs) -> Result<DatasetSpec, Failure> {
    let path = files.inputs.clone().unwrap_or_default();
    let mut dtypes = BTreeMap::new();
    for text in &files.dtype {
        match text.split_once('=') {
            Some((column, dtype)) if ["float64", "float32", "int64", "bool", "text"].contains(&dtype) => {
                dtypes.insert(column.to_owned(), dtype.to_owned());
            }
            _ => {
                return Err(Failure::Usage {
                    what: format!("`{text}` declares no type of a column"),
                    help: "write such as --dtype zip=text; the types are float64, float32, int64, bool, text"
                        .to_owned(),
                });
            }
        }
    }
    Ok(DatasetSpec {
        name: name.to_owned(),
        declared_path: path.display().to_string(),
        path,
        target: Vec::new(),
        drop: files.drop.clone(),
        dtypes,
        digest: None,
        dataframe: false,
        span: 0..0,
        declared_at: COMMAND_LINE.to_owned(),
    })
}
