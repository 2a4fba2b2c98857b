//! Layer 3: one view of a run, many renderers that give bytes, one sink that writes them.
//!
//! Architecture Invariant: a renderer reads a [`View`] and gives bytes to a writer; it sees no path and no clock. Only
//! [`sink`] writes files.

use std::io::Write;

mod attest;
mod compare;
mod compat;
pub mod crossing;
pub mod csv;
mod damage;
mod drift;
mod engines;
mod error;
pub mod events;
mod events_fast;
mod expected;
mod files;
mod finding_text;
mod forecast;
mod gate;
mod gist;
mod history;
mod history_chart;
pub mod html;
mod html_data;
mod html_environments;
mod html_files;
mod html_findings;
mod html_links;
mod html_rows;
pub mod inspection;
mod inspection_next;
mod isolation;
pub mod json;
pub mod junit;
pub mod markdown;
mod markup;
mod parts;
mod probed;
mod promises;
mod reasons;
mod record_file;
mod release_diff;
pub mod release_notes;
mod repeat;
mod requires;
mod rescue;
pub mod sarif;
pub mod sink;
pub mod table;
mod tables;
pub mod terminal;
pub mod tradeoffs;
pub mod view;
pub mod words;

pub use attest::{mismatch_line, repetition_text};
pub use compare::{Changed, Comparison, compare, compare_text};
pub use compat::{
    MapHead, map_beside, map_export, map_object, map_overview, map_pair, map_row, map_square, map_unasked,
    pair_object,
};
pub use engines::{ENGINES, EngineJobs, EngineTemplate};
pub use error::RenderError;
pub use events::{EventLogError, ReadEventsError, parse_events, read_events};
pub use finding_text::{FindingText, rule_remedy};
pub use gate::{
    Account, Answer, GateView, annotations as gate_annotations, badge as gate_badge,
    markdown as gate_markdown, trouble,
};
pub use history::{HistoryView, Story, history_html, history_text, history_view};
pub use html_data::HtmlData;
pub use html_rows::{CellRow, Columns, DetailRow, OutputRow};
pub use inspection::InspectionText;
pub use parts::{merge_notes, refusal, refused_parts, shard_line, shards_text};
pub use reasons::{NOT_REACHED, absence_reason, message, reason};
pub use record_file::RecordFile;
pub use release_diff::{release_diff_html, release_diff_markdown, release_diff_text};
pub use requires::{REQUIREMENT_FILES, RequirementFile, requirement_line};
pub use rescue::{
    RescueView, ScriptParts, html as rescue_html, json as rescue_json, keep_dockerfile, keep_requirements,
    line as rescue_line, markdown as rescue_markdown, script as rescue_script, totals as rescue_totals,
};
pub use sarif::SarifLog;
pub use sink::{
    EventLog, SinkError, append_file, forget_aside, set_aside, write_file, write_new, write_new_folder,
    write_reports,
};
pub use terminal::{TerminalOptions, terminal};
pub use view::View;

/// One way to show a run in a file.
#[derive(Clone, Copy, Debug)]
pub struct Renderer {
    /// Its name on the command line.
    pub name: &'static str,
    /// The file's name in the folder of the run.
    pub file: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// From a run to the bytes of the file, as they come: of a large run there are too many to be held.
    pub write: WriteReport,
}

/// How a file is made of a run.
pub type WriteReport = fn(&View<'_>, &mut dyn Write) -> Result<(), RenderError>;

impl Renderer {
    /// All of the file.
    ///
    /// # Errors
    /// When the run cannot be expressed.
    pub fn render(&self, view: &View<'_>) -> Result<Vec<u8>, RenderError> {
        rendered(self.write, view)
    }
}

/// All that is made of a run.
///
/// # Errors
/// When the run cannot be expressed.
pub fn rendered(write: WriteReport, view: &View<'_>) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    write(view, &mut bytes)?;
    Ok(bytes)
}

/// Every file that can be rendered from a run, in the order in which they are written. The file that other
/// programs read comes first.
pub const RENDERERS: &[Renderer] = &[
    Renderer {
        name: "json",
        file: "results.json",
        about: "everything, for programs (docs/results.md)",
        write: json::write,
    },
    Renderer { name: "csv", file: "results.csv", about: "one row a cell", write: csv::write },
    Renderer {
        name: "markdown",
        file: "report.md",
        about: "table and findings for release notes",
        write: markdown::write,
    },
    Renderer {
        name: "html",
        file: "report.html",
        about: "one page to look around in, self-contained",
        write: html::write,
    },
    Renderer { name: "junit", file: "junit.xml", about: "for CI dashboards", write: junit::write },
];

/// What is made of a run only where somebody asks for it.
pub const ASKED_RENDERERS: &[Renderer] = &[Renderer {
    name: "release-notes",
    file: "release-notes.md",
    about: "the section about saved models for the notes of a release",
    write: release_notes::write,
}];
