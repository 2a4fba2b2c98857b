//! CSV with a header line.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use super::columns::{Column, Dataset, ReadAs, Target, Values};
use super::error::DatasetError;
use super::fields::{Kinds, boolean, integer, is_missing_number, is_truth, moment, number_or_missing};
use super::layout::features;
use crate::matrix::DatasetSpec;
use crate::notation::{ColumnType, glob};

/// The text of the file, cut into records.
struct Sheet<'a> {
    spec: &'a DatasetSpec,
    text: Arc<str>,
    header: Vec<String>,
    /// The index of each column.
    places: HashMap<String, usize>,
    rows: Vec<CsvRow>,
}

struct CsvRow {
    fields: csv::StringRecord,
    /// Line from 1, and bytes of that line.
    line: u64,
    span: Range<usize>,
}

pub(super) fn parse(spec: &DatasetSpec, bytes: &[u8]) -> Result<Dataset, DatasetError> {
    let sheet = Sheet::read(spec, bytes)?;
    let targets: Vec<usize> =
        spec.target.iter().map(|name| sheet.column(name, "target")).collect::<Result<_, _>>()?;
    let dropped: Vec<usize> =
        spec.drop.iter().map(|name| sheet.column(name, "dropped column")).collect::<Result<_, _>>()?;
    let left_out: HashSet<usize> = targets.iter().chain(&dropped).copied().collect();
    for name in spec.dtypes.keys() {
        sheet.column(name, "column with a declared type")?;
    }
    let kept = (0..sheet.header.len()).filter(|index| !left_out.contains(index));
    let columns = kept.map(|index| sheet.feature(index)).collect::<Result<Vec<_>, _>>()?;
    if columns.is_empty() {
        return Err(sheet.wrong_header("no column is left to predict from", "keep at least one column"));
    }
    let target = if targets.is_empty() { None } else { Some(sheet.target(&targets)?) };
    let rows = sheet.rows.len();
    Ok(Dataset {
        rows,
        features: features(columns, spec.dataframe),
        target,
        dataframe: spec.dataframe,
        named: true,
        form: None,
    })
}

impl<'a> Sheet<'a> {
    fn read(spec: &'a DatasetSpec, bytes: &[u8]) -> Result<Self, DatasetError> {
        let text = decode(spec, bytes)?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let broken = |error: csv::Error| {
            DatasetError::of_file(
                spec,
                format!("the file cannot be read as CSV: {error}"),
                "correct the file",
            )
        };
        let header: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
        let places = header.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect();
        let mut sheet = Self { spec, text: Arc::clone(&text), header, places, rows: Vec::new() };
        sheet.check_header()?;
        for record in reader.into_records() {
            let fields = record.map_err(broken)?;
            let (line, span) = place(&text, &fields);
            let row = CsvRow { fields, line, span };
            if row.fields.len() != sheet.header.len() {
                let (found, expected) = (row.fields.len(), sheet.header.len());
                let message = format!("this row has {found} values, and the header names {expected} columns");
                let help = "put a text that holds commas or line ends in double quotes";
                return Err(sheet.wrong(&row, None, message, help));
            }
            sheet.rows.push(row);
        }
        if sheet.rows.is_empty() {
            return Err(sheet.wrong_header("there is no row below the header", "add rows of data"));
        }
        Ok(sheet)
    }

    fn check_header(&self) -> Result<(), DatasetError> {
        if let [only] = self.header.as_slice()
            && let Some(separator) = [';', '\t'].into_iter().find(|separator| only.contains(*separator))
        {
            let count = only.matches(separator).count() + 1;
            let by = if separator == ';' { "`;`" } else { "tabs" };
            return Err(self.wrong_header(
                format!("its {count} columns are separated by {by}"),
                "separate them by commas, and write decimals with a point: pandas does with `to_csv(..., index=False)`",
            ));
        }
        let mut known = HashSet::with_capacity(self.header.len());
        for (index, name) in self.header.iter().enumerate() {
            if name.trim().is_empty() {
                return Err(self.wrong_header(
                    format!("column {} has no name", index + 1),
                    "name it; pandas writes such a column for its index: use `to_csv(..., index=False)`",
                ));
            }
            if !known.insert(name) {
                return Err(self.wrong_header(
                    format!("two columns are named `{name}`"),
                    "rename one of them, in the header line",
                ));
            }
        }
        Ok(())
    }

    /// The index of a column that the matrix names.
    fn column(&self, name: &str, what: &str) -> Result<usize, DatasetError> {
        self.places.get(name).copied().ok_or_else(|| {
            let help = glob::suggestion(name, self.header.iter().map(String::as_str));
            self.wrong_header(format!("the {what} `{name}` is not in the header"), help)
        })
    }

    fn wrong(
        &self,
        row: &CsvRow,
        column: Option<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> DatasetError {
        let name = column.map(|index| self.header[index].as_str());
        DatasetError::of_file(self.spec, message, help).at(row.line, name, &self.text, row.span.clone())
    }

    fn wrong_header(&self, message: impl Into<String>, help: impl Into<String>) -> DatasetError {
        let end = self.text.find(['\r', '\n']).unwrap_or(self.text.len());
        DatasetError::of_file(self.spec, message, help).at(1, None, &self.text, 0..end)
    }

    /// The fields of a column, each with its row.
    fn fields(&self, index: usize) -> impl Iterator<Item = (&CsvRow, &str)> {
        self.rows.iter().map(move |row| (row, row.fields.get(index).unwrap_or_default()))
    }

    /// The type that a column was declared with; what is none was refused where it was declared.
    fn declared(&self, index: usize) -> Option<ColumnType> {
        self.spec.dtypes.get(&self.header[index]).and_then(|text| ColumnType::parse(text))
    }

    /// A column of X, with the declared type or else `float64` where every value is a number, and what pandas would make
    /// of it.
    fn feature(&self, index: usize) -> Result<Column, DatasetError> {
        let name = self.header[index].clone();
        if let Some(declared) = self.declared(index) {
            return Ok(Column::typed(name, self.typed(index, &declared)?));
        }
        let fields = || self.fields(index).map(|(_, field)| field);
        if let Some(whole) = fields().map(integer).collect::<Option<Vec<_>>>() {
            // Identifiers of 17 digits and more: a float would make others of them.
            let is_frame = self.spec.dataframe || self.spec.outside;
            let exact = !is_frame || whole.iter().all(|value| *value as f64 as i128 == i128::from(*value));
            let values = match exact {
                true => Values::F64(whole.into_iter().map(|value| value as f64).collect()),
                false => Values::I64(whole),
            };
            return Ok(Column { name, values, read_as: Some(ReadAs::Whole) });
        }
        if let Some(values) = fields().map(number_or_missing).collect() {
            return Ok(Column { name, values: Values::F64(values), read_as: None });
        }
        let known = || fields().filter(|field| !is_missing_number(field));
        let read_as = if known().all(is_truth) { ReadAs::Truths } else { ReadAs::Texts };
        Ok(Column { name, values: self.typed(index, &ColumnType::Text)?, read_as: Some(read_as) })
    }

    /// A column with a type.
    fn typed(&self, index: usize, declared: &ColumnType) -> Result<Values, DatasetError> {
        let name = &self.header[index];
        match declared {
            ColumnType::Float64 => {
                let help = format!("correct it, or declare `{}`", self.spec.dtype_hint(name, "text"));
                self.each(index, "is not a number", &help, number_or_missing).map(Values::F64)
            }
            ColumnType::Float32 => {
                let help = format!("correct it, or declare `{}`", self.spec.dtype_hint(name, "text"));
                // Read as float32 at once: rounding twice can give another value.
                let read = |field: &str| {
                    if is_missing_number(field) { Some(f32::NAN) } else { field.trim().parse().ok() }
                };
                self.each(index, "is not a number", &help, read).map(Values::F32)
            }
            ColumnType::Int64 => {
                let help = format!(
                    "correct it, or declare `{}`, which can be missing",
                    self.spec.dtype_hint(name, "float64")
                );
                self.each(index, "is not an integer", &help, integer).map(Values::I64)
            }
            ColumnType::Bool => {
                let read = |field: &str| match is_missing_number(field) {
                    true => Some(None),
                    false => boolean(field).map(Some),
                };
                let values =
                    self.each(index, "is neither true nor false", "write true, false, 1 or 0", read)?;
                let whole = values.iter().copied().collect::<Option<Vec<bool>>>();
                Ok(whole.map_or(Values::Gaps(values), Values::Bool))
            }
            ColumnType::Text => {
                // A length of `u32::MAX` marks a missing text.
                let read = |field: &str| {
                    let fits = field.len() < u32::MAX as usize;
                    fits.then(|| Some(field.to_owned()).filter(|field| !field.is_empty()))
                };
                self.each(index, "is too long", "shorten it", read).map(Values::Text)
            }
            ColumnType::Category { listed, ordered } => {
                let fields = || self.fields(index).map(|(_, field)| field);
                let kinds = if listed.is_empty() { Kinds::of(fields()) } else { Kinds::listed(listed) };
                let help = "list it, or leave the list out";
                let read = |field: &str| kinds.code(field);
                let items = self.each(index, "is none of the categories that are listed", help, read)?;
                Ok(Values::Pandas { dtype: kinds.spec(*ordered), items })
            }
            ColumnType::Datetime => {
                let help =
                    "write a date and a time such as 2026-11-29 or 2026-11-29T22:05:00, without a zone";
                let items = self.each(index, "is no moment", help, moment)?;
                Ok(Values::Pandas { dtype: json!({ "dtype": "datetime64[ns]" }), items })
            }
            ColumnType::Nullable(dtype) => {
                let read = |field: &str| match (is_missing_number(field), *dtype) {
                    (true, _) => Some(Value::Null),
                    (false, "Int64") => integer(field).map(Value::from),
                    (false, "boolean") => boolean(field).map(Value::from),
                    (false, _) => Some(Value::from(field)),
                };
                let items = self.each(index, &format!("is no value of {dtype}"), "correct it", read)?;
                Ok(Values::Pandas { dtype: json!({ "dtype": dtype }), items })
            }
        }
    }

    fn each<T>(
        &self,
        index: usize,
        complaint: &str,
        help: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, DatasetError> {
        self.fields(index)
            .map(|(row, field)| {
                read(field).ok_or_else(|| {
                    let shown: String = field.chars().take(40).collect();
                    let message = match shown.as_str() {
                        "" => format!("the value is missing, and so {complaint}"),
                        _ => format!("`{shown}` {complaint}"),
                    };
                    self.wrong(row, Some(index), message, help)
                })
            })
            .collect()
    }

    /// y from one or more columns: all integers, else all numbers, else all texts.
    fn target(&self, columns: &[usize]) -> Result<Target, DatasetError> {
        let mut kinds = Vec::new();
        for &index in columns {
            kinds.push(match self.declared(index) {
                Some(declared) => {
                    // What is declared must hold, with its own message.
                    self.typed(index, &declared)?;
                    target_kind(&declared)
                }
                None => self.infer_target(index),
            });
            let number = kinds.last() != Some(&"text");
            for (row, field) in self.fields(index) {
                if field.is_empty() || (number && is_missing_number(field)) {
                    let help = "a target must be known in every row: fill it in, or remove the row";
                    return Err(self.wrong(row, Some(index), "the target is missing", help));
                }
            }
        }
        let rows = || self.rows.iter().flat_map(|row| columns.iter().map(move |&index| (row, index)));
        let values = if kinds.contains(&"text") {
            Values::Text(rows().map(|(row, index)| row.fields.get(index).map(str::to_owned)).collect())
        } else if kinds.iter().all(|kind| matches!(*kind, "int64" | "bool")) {
            let read = |field: &str| integer(field).or_else(|| boolean(field).map(i64::from));
            Values::I64(rows().filter_map(|(row, index)| read(row.fields.get(index)?)).collect())
        } else {
            let read = |field: &str| number_or_missing(field).or_else(|| boolean(field).map(f64::from));
            Values::F64(rows().filter_map(|(row, index)| read(row.fields.get(index)?)).collect())
        };
        Ok(Target { names: columns.iter().map(|&index| self.header[index].clone()).collect(), values })
    }

    fn infer_target(&self, index: usize) -> &'static str {
        let numbers = || self.fields(index).map(|(_, field)| field).filter(|field| !is_missing_number(field));
        if numbers().next().is_none() || numbers().any(|field| number_or_missing(field).is_none()) {
            "text"
        } else if numbers().all(|field| integer(field).is_some()) {
            "int64"
        } else {
            "float64"
        }
    }
}

/// What a target of a declared type is: a target has no type of a DataFrame's own.
const fn target_kind(declared: &ColumnType) -> &'static str {
    match declared {
        ColumnType::Int64 => "int64",
        ColumnType::Bool => "bool",
        ColumnType::Float64 | ColumnType::Float32 => "float64",
        ColumnType::Text | ColumnType::Datetime | ColumnType::Nullable(_) | ColumnType::Category { .. } => {
            "text"
        }
    }
}

/// The text of the file, without a byte order mark.
fn decode(spec: &DatasetSpec, bytes: &[u8]) -> Result<Arc<str>, DatasetError> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(DatasetError::of_file(spec, "the file is UTF-16 text", "save it as UTF-8"));
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(error) => {
            let valid = &bytes[..error.valid_up_to()];
            let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
            Err(DatasetError::of_file(
                spec,
                format!("the file is not UTF-8 text: line {line} has an invalid byte"),
                "save it as UTF-8",
            ))
        }
    }
}

/// Line and bytes of the first line of a record.
fn place(text: &str, record: &csv::StringRecord) -> (u64, Range<usize>) {
    let (mut line, mut start) =
        record.position().map_or((0, 0), |position| (position.line(), position.byte() as usize));
    // The reader's position can lie before the line ends that it skips.
    let bytes = text.as_bytes();
    while let Some(byte @ (b'\r' | b'\n')) = bytes.get(start) {
        line += u64::from(*byte == b'\n');
        start += 1;
    }
    let rest = text.get(start..).unwrap_or_default();
    (line, start..start + rest.find(['\r', '\n']).unwrap_or(rest.len()))
}
