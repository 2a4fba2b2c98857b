//! `shelflife release-diff`: what a release changes for files that exist.

use super::args::{DiffPage, ReleaseDiffArgs};
use super::audience::Audience;
use super::console;
use super::explain::fold;
use super::failure::Failure;
use super::programs;
use crate::app::{AppError, Policy, ReleaseError, ReleaseSource, Session};
use crate::present;
use crate::provision::ProvisionOptions;
use crate::release::diff;
use crate::vocab::ExitCode;

pub(super) fn release_diff(args: &ReleaseDiffArgs) -> Result<ExitCode, Failure> {
    let source = |text: &str| {
        ReleaseSource::parse(text).ok_or_else(|| AppError::from(ReleaseError::NotNamed(text.to_owned())))
    };
    let (from, to) = (source(&args.from)?, source(&args.to)?);
    let making = ProvisionOptions { offline: args.offline, ..ProvisionOptions::default() };
    let mut audience = Audience::plain();
    let session = Session::open(Policy { making, ..Policy::default() }, &mut audience)?;
    let mut releases = session.releases();
    let (from, to) = (releases.of(&from)?, releases.of(&to)?);
    let found = diff(&from, &to);
    if console::is_for_programs() {
        programs::document(&found)?;
        return Ok(ExitCode::Done);
    }
    let width = console::terminal_width();
    let text = match args.page {
        None => present::release_diff_text(&found, |begin, text| fold(begin, text, width)),
        Some(DiffPage::Markdown) => present::release_diff_markdown(&found),
        Some(DiffPage::Html) => present::release_diff_html(&found).map_err(Failure::Render)?,
    };
    match &args.output {
        Some(path) => {
            present::write_file(path, text.as_bytes())?;
            console::note(&format!("page: {}", path.display()));
        }
        None => console::print(&text)?,
    }
    Ok(ExitCode::Done)
}
