//! `results.csv`: one row a cell, for spreadsheets and data frames.

use std::borrow::Cow;
use std::io::Write;

use super::error::RenderError;
use super::reasons::reason;
use super::view::View;
use super::words::line;
use crate::vocab::{CellRecord, Forecast, Real};

/// The columns, in order.
pub const COLUMNS: [&str; 27] = [
    "model",
    "format",
    "producer",
    "consumer",
    "verdict",
    "stage",
    "status",
    "worst_output",
    "max_abs",
    "max_rel",
    "max_ulp",
    "flips",
    "tie_flips",
    "error_type",
    "error_message",
    "blame",
    "known_cause",
    "reason",
    "load_seconds",
    "predict_seconds",
    "peak_rss_bytes",
    "artifact_size",
    "save_seconds",
    "reused",
    "forecast",
    "reached",
    "cause",
];

/// Renders `results.csv`: a header and one row a cell, in the order of the record. What is unknown or does
/// not apply is empty. `max_abs` to `tie_flips` are those of `worst_output`.
///
/// # Errors
/// When it cannot be written.
pub fn write(view: &View<'_>, out: &mut dyn Write) -> Result<(), RenderError> {
    let artifacts: std::collections::HashMap<&str, _> =
        view.record.artifacts.iter().map(|artifact| (artifact.id.as_str(), artifact)).collect();
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for cell in &view.record.cells {
        write_cell(&mut writer, cell, artifacts.get(cell.artifact.as_str()).copied())?;
    }
    Ok(writer.flush()?)
}

fn write_cell(
    writer: &mut csv::Writer<&mut dyn Write>,
    cell: &CellRecord,
    artifact: Option<&crate::vocab::ArtifactRecord>,
) -> Result<(), csv::Error> {
    let worst = cell.worst_output();
    let error = cell.error.as_ref();
    let mut row = |field: &str| writer.write_field(field);
    row(&text(cell.model.as_str()))?;
    row(&text(cell.format.as_str()))?;
    row(&text(cell.producer.as_str()))?;
    row(&text(cell.consumer.as_str()))?;
    row(cell.verdict.as_str())?;
    row(cell.stage.as_str())?;
    row(cell.status.map_or("", |status| status.as_str()))?;
    row(&text(worst.map_or("", |(output, _)| output)))?;
    row(&worst.map(|(_, facts)| real(facts.max_abs)).unwrap_or_default())?;
    row(&worst.map(|(_, facts)| real(facts.max_rel)).unwrap_or_default())?;
    row(&whole(worst.map(|(_, facts)| facts.max_ulp)))?;
    row(&whole(worst.map(|(_, facts)| facts.flips)))?;
    row(&whole(worst.map(|(_, facts)| facts.tie_flips)))?;
    row(&text(error.map_or("", |error| &error.class)))?;
    row(&text(error.map_or("", |error| &error.message)))?;
    row(&text(cell.blame.as_deref().unwrap_or("")))?;
    row(&text(cell.rule.as_deref().unwrap_or("")))?;
    row(&text(&reason(cell).unwrap_or_default()))?;
    row(&seconds(cell.load_seconds))?;
    row(&seconds(cell.predict_seconds))?;
    row(&whole(cell.peak_rss_bytes))?;
    row(&whole(artifact.and_then(|artifact| artifact.size)))?;
    row(&seconds(artifact.and_then(|artifact| artifact.save_seconds)))?;
    row(if cell.reused { "true" } else { "false" })?;
    row(&cell.forecast.as_ref().map(forecast_text).unwrap_or_default())?;
    row(cell.reached.as_str())?;
    row(cell.cause.word())?;
    writer.write_record(None::<&[u8]>)
}

/// `breaks: tree-node-layout`, `works`.
fn forecast_text(forecast: &Forecast) -> String {
    let word = forecast.expected.as_str();
    if forecast.causes.is_empty() {
        word.to_owned()
    } else {
        format!("{word}: {}", forecast.causes.join(" "))
    }
}

/// One line without control characters. A text that a spreadsheet would take for a formula gets an
/// apostrophe in front: messages come from artifacts, and artifacts from strangers.
fn text(text: &str) -> Cow<'_, str> {
    let clean = line(text);
    if clean.starts_with(['=', '+', '-', '@']) { Cow::Owned(format!("'{clean}")) } else { clean }
}

/// Every digit: the shortest text that reads back to the same number.
fn real(value: Real) -> String {
    match value.0 {
        v if v.is_nan() => "nan".to_owned(),
        v if v.is_infinite() => if v > 0.0 { "inf" } else { "-inf" }.to_owned(),
        0.0 => "0".to_owned(),
        v => format!("{v:e}"),
    }
}

fn whole(value: Option<u64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn seconds(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
