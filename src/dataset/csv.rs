//! CSV with a header line: comma-separated, quoted as RFC 4180 says, UTF-8 with or without a byte order mark.

use std::collections::HashSet;

use super::{Column, Dataset, Values};
use crate::matrix::DatasetSpec;

/// A problem with its line, where it has one.
type Problem = (Option<u64>, String);

/// Texts that mean "no value here", beside the empty one.
const MISSING: &[&str] = &["", "NA", "N/A", "NaN", "nan", "null", "None"];

/// A column as read: its name and its cells.
struct RawColumn {
    name: String,
    cells: Vec<String>,
}

pub(super) fn parse(spec: &DatasetSpec, bytes: &[u8]) -> Result<Dataset, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (columns, lines) = read(bytes)?;
    let rows = lines.len();
    if rows == 0 {
        return Err((None, "it has no rows below its header".to_owned()));
    }
    let names: HashSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let known = || columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ");
    for (what, list) in [("target", &spec.target), ("drop", &spec.drop)] {
        for name in list {
            if !names.contains(name.as_str()) {
                return Err((
                    Some(1),
                    format!("`{what}` names the column `{name}`, but there are {}", known()),
                ));
            }
        }
    }
    if let Some(name) = spec.dtypes.keys().find(|name| !names.contains(name.as_str())) {
        return Err((Some(1), format!("`dtypes` names the column `{name}`, but there are {}", known())));
    }
    let mut features = Vec::new();
    let mut targets: Vec<Option<Column>> = spec.target.iter().map(|_| None).collect();
    for column in columns {
        let declared = spec.dtypes.get(&column.name).map(String::as_str);
        let position = spec.target.iter().position(|name| *name == column.name);
        if position.is_none() && spec.drop.contains(&column.name) {
            continue;
        }
        let values = convert(&column, &lines, declared, position.is_some())?;
        let column = Column { name: column.name, values };
        match position {
            Some(position) => targets[position] = Some(column),
            None => features.push(column),
        }
    }
    if features.is_empty() {
        return Err((
            Some(1),
            "no feature column is left besides the target and the dropped ones".to_owned(),
        ));
    }
    let target: Vec<Column> = targets.into_iter().flatten().collect();
    if let [first, rest @ ..] = target.as_slice()
        && let Some(other) = rest.iter().find(|column| column.values.dtype() != first.values.dtype())
    {
        return Err((
            Some(1),
            format!(
                "the target columns `{}` ({}) and `{}` ({}) have different dtypes; declare the same in `dtypes`",
                first.name,
                first.values.dtype(),
                other.name,
                other.values.dtype()
            ),
        ));
    }
    Ok(Dataset { rows, columns: features, target, dataframe: spec.dataframe })
}

/// The columns, and the line on which each row begins.
fn read(bytes: &[u8]) -> Result<(Vec<RawColumn>, Vec<u64>), Problem> {
    let mut reader = csv::ReaderBuilder::new().has_headers(true).flexible(true).from_reader(bytes);
    let headers = reader.headers().map_err(|error| problem(&error))?.clone();
    if headers.is_empty() || headers.iter().all(|name| name.trim().is_empty()) {
        return Err((None, "it is empty: the first line must name the columns".to_owned()));
    }
    let mut columns: Vec<RawColumn> = Vec::new();
    for name in &headers {
        let name = name.trim().to_owned();
        if columns.iter().any(|column| column.name == name) {
            return Err((Some(1), format!("the column `{name}` appears twice; rename one of them")));
        }
        columns.push(RawColumn { name, cells: Vec::new() });
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| problem(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns.len() {
            return Err((
                Some(line),
                format!("it has {} values, but the header names {} columns", record.len(), columns.len()),
            ));
        }
        for (column, cell) in columns.iter_mut().zip(&record) {
            column.cells.push(cell.to_owned());
        }
        lines.push(line);
    }
    Ok((columns, lines))
}

fn problem(error: &csv::Error) -> Problem {
    let line = error.position().map(csv::Position::line);
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => (line, "it is not UTF-8; convert the file first".to_owned()),
        _ => (line, error.to_string()),
    }
}

fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell.trim())
}

/// The values of one column: as declared, else numbers where every cell is one, else text. Feature columns of whole
/// numbers become float64 unless declared otherwise, as estimators would convert them anyway; targets of whole
/// numbers stay int64, because they are classes as often as not.
fn convert(
    column: &RawColumn,
    lines: &[u64],
    declared: Option<&str>,
    is_target: bool,
) -> Result<Values, Problem> {
    let cells = &column.cells;
    match declared {
        Some("text") => Ok(Values::Text(texts(cells))),
        Some("float64") => Ok(Values::Float64(numbers(column, lines, "float64")?)),
        Some("float32") => Ok(Values::Float32(numbers(column, lines, "float32")?)),
        Some("int64") => Ok(Values::Int64(integers(column, lines)?)),
        Some("bool") => Ok(Values::Bool(truths(column, lines)?)),
        Some(other) => {
            Err((None, format!("the dtype `{other}` is none of float64, float32, int64, bool, text")))
        }
        None => {
            let all_numbers = cells.iter().all(|cell| is_missing(cell) || cell.trim().parse::<f64>().is_ok());
            if !all_numbers {
                return Ok(Values::Text(texts(cells)));
            }
            let all_integers = cells.iter().all(|cell| cell.trim().parse::<i64>().is_ok());
            if is_target && all_integers {
                return Ok(Values::Int64(integers(column, lines)?));
            }
            Ok(Values::Float64(numbers(column, lines, "float64")?))
        }
    }
}

fn texts(cells: &[String]) -> Vec<Option<String>> {
    cells.iter().map(|cell| (!is_missing(cell)).then(|| cell.clone())).collect()
}

fn numbers<T: std::str::FromStr + From<f32>>(
    column: &RawColumn,
    lines: &[u64],
    dtype: &str,
) -> Result<Vec<T>, Problem> {
    column
        .cells
        .iter()
        .zip(lines)
        .map(|(cell, line)| {
            if is_missing(cell) {
                return Ok(T::from(f32::NAN));
            }
            cell.trim().parse().map_err(|_| {
                let what = format!("`{cell}` in the column `{}` is no number, as {dtype} needs", column.name);
                (Some(*line), what)
            })
        })
        .collect()
}

fn truths(column: &RawColumn, lines: &[u64]) -> Result<Vec<bool>, Problem> {
    let cells = column.cells.iter().zip(lines);
    cells
        .map(|(cell, line)| match cell.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => {
                let what = format!("`{cell}` in the column `{}` is neither true nor false", column.name);
                Err((Some(*line), what))
            }
        })
        .collect()
}

fn integers(column: &RawColumn, lines: &[u64]) -> Result<Vec<i64>, Problem> {
    let cells = column.cells.iter().zip(lines);
    cells
        .map(|(cell, line)| {
            cell.trim().parse().map_err(|_| {
                let what =
                    format!("`{cell}` in the column `{}` is no whole number, as int64 needs", column.name);
                (Some(*line), what)
            })
        })
        .collect()
}
