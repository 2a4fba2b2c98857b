//! `shelflife inspect`: what artifacts are, without executing anything.

use super::args::InspectArgs;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{self, PassedOver};
use crate::inspect::InspectOptions;
use crate::present::words::plural;
use crate::present::{InspectionText, SarifLog, write_file};
use crate::vocab::{ExitCode, Inspected, InspectionReport};

pub(super) fn inspect(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let options = InspectOptions { digest: !args.no_digest, sha256: args.sha256 };
    let mut sarif = SarifLog::default();
    let mut page = if console::is_for_programs() {
        Page::Json { count: 0 }
    } else {
        Page::Text(InspectionText::default())
    };
    let mut is_bad = false;
    let passed = app::inspect(&args.artifacts, options, |artifact| {
        is_bad |= !artifact.is_sound();
        if args.sarif.is_some() {
            sarif.add(&artifact);
        }
        page.add(artifact)
    });
    let passed: PassedOver = match passed {
        Ok(passed) => passed,
        Err(failure) => return page.fail(failure),
    };
    page.finish()?;
    if passed.left_out > 0 {
        let files = plural(passed.left_out as u64, "file");
        console::note(&format!(
            "left out: {files} of folders: names that no artifact has, or JSON without a model"
        ));
    }
    if let Some(path) = &args.sarif {
        write_file(path, &sarif.finish()?)?;
    }
    Ok(if is_bad { ExitCode::InvalidInput } else { ExitCode::Done })
}

/// What is printed of artifacts, one after another.
enum Page {
    /// One document, one artifact a line.
    Json {
        count: usize,
    },
    Text(InspectionText),
}

impl Page {
    fn add(&mut self, artifact: Inspected) -> Result<(), Failure> {
        match self {
            Self::Json { count } => {
                let json = serde_json::to_string(&artifact).map_err(|error| Failure::Render(error.into()))?;
                let before = if *count == 0 { InspectionReport::BEGIN } else { ",\n" };
                *count += 1;
                console::print_bytes(format!("{before}{json}").as_bytes())
            }
            Self::Text(text) => console::print(&text.add(artifact)),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Json { count } => {
                let begin = if count == 0 { InspectionReport::BEGIN } else { "" };
                console::print_bytes(format!("{begin}{}", InspectionReport::END).as_bytes())
            }
            Self::Text(text) => console::print(&text.finish()),
        }
    }

    /// What ends it early. A document that has begun is ended with the error in it, so that it can be read.
    fn fail(self, failure: Failure) -> Result<ExitCode, Failure> {
        match self {
            Self::Json { count } if count > 0 => {
                console::explain(&failure);
                let error = &programs::failure(&failure)["error"];
                let end = InspectionReport::END.trim_end().trim_end_matches('}');
                console::print_bytes(format!("{end},\"error\":{error}}}\n").as_bytes())?;
                Ok(failure.code())
            }
            Self::Json { .. } | Self::Text(_) => Err(failure),
        }
    }
}
