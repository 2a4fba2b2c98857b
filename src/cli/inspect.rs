//! `shelflife inspect`: what artifacts are, without executing anything.

use super::args::InspectArgs;
use super::console;
use super::failure::Failure;
use crate::app;
use crate::inspect::InspectOptions;
use crate::present::{inspections, sarif, write_file};
use crate::vocab::{ArtifactKind, ExitCode, Inspected, InspectionReport};

pub(super) fn inspect(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let options = InspectOptions { digest: !args.no_digest, sha256: args.sha256 };
    let app::Looked { artifacts, left_out } = app::inspect(&args.artifacts, options)?;
    if left_out > 0 {
        console::note(&format!("left out: {left_out} files of folders that are no artifacts"));
    }
    if args.json {
        let report = InspectionReport::new(artifacts);
        let mut json = serde_json::to_vec_pretty(&report).map_err(|error| Failure::Render(error.into()))?;
        json.push(b'\n');
        console::print_bytes(&json)?;
        return finish(args, &report.artifacts);
    }
    console::print(&inspections(&artifacts))?;
    finish(args, &artifacts)
}

fn finish(args: &InspectArgs, artifacts: &[Inspected]) -> Result<ExitCode, Failure> {
    if let Some(path) = &args.sarif {
        write_file(path, &sarif::render(artifacts)?)?;
    }
    let broken = artifacts
        .iter()
        .any(|artifact| !artifact.inspection.complete || artifact.inspection.kind == ArtifactKind::Unknown);
    Ok(if broken { ExitCode::InvalidInput } else { ExitCode::Done })
}
