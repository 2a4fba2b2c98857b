//! Parquet files of plain columns, as pandas and polars write them.

use std::collections::HashSet;

use bytes::Bytes;
use parquet::basic::{LogicalType, Type as PhysicalType};
use parquet::column::page::Page;
use parquet::file::reader::{ChunkReader, FileReader as _, SerializedFileReader};
use parquet::record::Field;

use super::columns::{Column, Dataset, Target, Values};
use super::error::DatasetError;
use super::layout::{features, interleaved};
use super::stored::{Stored, Told, typed};
use crate::matrix::DatasetSpec;
use crate::notation::glob;

/// What pandas calls an index that it stores as a column.
const INDEX: &str = "__index_level_";

/// The crate panics on some damaged footers (found by the test below), and damage of a file is no defect of this program.
pub(super) fn parse(spec: &DatasetSpec, bytes: &[u8]) -> Result<Dataset, DatasetError> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let parsed = std::panic::catch_unwind(|| parse_sound(spec, bytes));
    std::panic::set_hook(hook);
    parsed.unwrap_or_else(|_| {
        Err(DatasetError::of_file(
            spec,
            "the file cannot be read as Parquet: it is damaged",
            "write it again",
        ))
    })
}

fn parse_sound(spec: &DatasetSpec, bytes: &[u8]) -> Result<Dataset, DatasetError> {
    let damaged = |error: parquet::errors::ParquetError| {
        DatasetError::of_file(spec, format!("the file cannot be read as Parquet: {error}"), "write it again")
    };
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).map_err(damaged)?;
    let mut names: Vec<String> = Vec::new();
    let mut fields: Vec<Vec<Field>> = Vec::new();
    for row in reader.get_row_iter(None).map_err(damaged)? {
        let row = row.map_err(damaged)?;
        let is_first = fields.is_empty();
        for (index, (name, field)) in row.get_column_iter().enumerate() {
            if is_first || fields.len() <= index {
                names.push(name.clone());
                fields.push(Vec::new());
            }
            fields[index].push(field.clone());
        }
    }
    let rows = fields.first().map_or(0, Vec::len);
    if rows == 0 {
        return Err(DatasetError::of_file(spec, "it holds no rows", "write at least one row"));
    }
    let told = reader.metadata().file_metadata().key_value_metadata().into_iter().flatten();
    let told = told.filter(|entry| entry.key == "pandas").find_map(|entry| entry.value.as_deref());
    let told = told.map(Told::of).unwrap_or_default();
    let known: HashSet<&String> = names.iter().collect();
    for name in spec.target.iter().chain(&spec.drop).chain(spec.dtypes.keys()) {
        if !known.contains(name) {
            let help = glob::suggestion(name, names.iter().map(String::as_str));
            return Err(DatasetError::of_file(spec, format!("there is no column `{name}`"), help));
        }
    }
    let dropped: HashSet<&String> = spec.drop.iter().collect();
    let wanted: HashSet<&String> = spec.target.iter().collect();
    let mut columns = Vec::new();
    for (index, (name, fields)) in names.iter().cloned().zip(fields).enumerate() {
        let is_named = wanted.contains(&name) || spec.dtypes.contains_key(&name);
        if dropped.contains(&name) || name.starts_with(INDEX) || (told.is_index(&name) && !is_named) {
            continue;
        }
        // What is given for a file is handed over as its author's own pandas would.
        if spec.outside && !is_named {
            let stored = Stored {
                name: &name,
                fields: &fields,
                logical: logical_type(&reader, index),
                dictionary: dictionary(&reader, &name),
            };
            let found = typed(&stored, &told).map_err(|says| {
                let help = "convert it, or leave it out with `drop` (--drop of a command)";
                DatasetError::of_file(
                    spec,
                    format!("the column `{name}` cannot be handed over: {says}"),
                    help,
                )
            })?;
            if let Some(column) = found {
                columns.push(column);
                continue;
            }
        }
        let values = column(&fields).and_then(|values| declared(values, spec.dtypes.get(&name)));
        let values = values.ok_or_else(|| {
            DatasetError::of_file(
                spec,
                format!(
                    "the column `{name}` holds values that are neither numbers, truths nor texts of one kind"
                ),
                "convert it, or leave it out with `drop` (--drop of a command)",
            )
        })?;
        columns.push(Column::typed(name, values));
    }
    let (targets, columns): (Vec<Column>, Vec<Column>) =
        columns.into_iter().partition(|column| wanted.contains(&column.name));
    if columns.is_empty() {
        let help = "keep at least one column";
        return Err(DatasetError::of_file(spec, "no column is left to predict from", help));
    }
    let target = (!targets.is_empty()).then(|| {
        let names = targets.iter().map(|column| column.name.clone()).collect();
        let values = match targets.as_slice() {
            [Column { values: Values::Bool(values), .. }] => {
                Values::I64(values.iter().map(|value| i64::from(*value)).collect())
            }
            [Column { values: Values::F32(_), .. }] => interleaved(&targets),
            [only] => only.values.clone(),
            several => interleaved(several),
        };
        // Targets are float64, int64 or text.
        let values = match values {
            Values::F32(values) => Values::F64(values.into_iter().map(f64::from).collect()),
            other => other,
        };
        Target { names, values }
    });
    Ok(Dataset {
        rows,
        features: features(columns, spec.dataframe),
        target,
        dataframe: spec.dataframe,
        named: true,
        form: None,
    })
}

/// What a column of the table is in words of the format.
fn logical_type<R: ChunkReader + 'static>(
    reader: &SerializedFileReader<R>,
    index: usize,
) -> Option<&LogicalType> {
    let schema = reader.metadata().file_metadata().schema_descr().root_schema();
    schema.get_fields().get(index)?.get_basic_info().logical_type_ref()
}

/// The texts that the dictionary of a column begins with: of categories, all of them in their order.
fn dictionary<R: ChunkReader + 'static>(reader: &SerializedFileReader<R>, name: &str) -> Vec<String> {
    let schema = reader.metadata().file_metadata().schema_descr();
    let place = (0..schema.num_columns()).find(|index| schema.column(*index).path().parts() == [name]);
    let page = || {
        let place =
            place.filter(|place| schema.column(*place).physical_type() == PhysicalType::BYTE_ARRAY)?;
        match reader.get_row_group(0).ok()?.get_column_page_reader(place).ok()?.get_next_page().ok()?? {
            Page::DictionaryPage { buf, .. } => Some(buf),
            Page::DataPage { .. } | Page::DataPageV2 { .. } => None,
        }
    };
    let Some(page) = page() else { return Vec::new() };
    let (mut texts, mut rest) = (Vec::new(), &page[..]);
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let Some((text, tail)) = tail.split_at_checked(u32::from_le_bytes(*length) as usize) else { break };
        let Ok(text) = std::str::from_utf8(text) else { break };
        texts.push(text.to_owned());
        rest = tail;
    }
    texts
}

/// Values of one type; numbers that miss some are `float64` with NaN, as pandas has it.
fn column(fields: &[Field]) -> Option<Values> {
    fn all<T>(fields: &[Field], read: impl Fn(&Field) -> Option<T>) -> Option<Vec<T>> {
        fields.iter().map(read).collect()
    }
    let integer = |field: &Field| match field {
        Field::Byte(value) => Some(i64::from(*value)),
        Field::Short(value) => Some(i64::from(*value)),
        Field::Int(value) => Some(i64::from(*value)),
        Field::Long(value) => Some(*value),
        Field::UByte(value) => Some(i64::from(*value)),
        Field::UShort(value) => Some(i64::from(*value)),
        Field::UInt(value) => Some(i64::from(*value)),
        Field::ULong(value) => i64::try_from(*value).ok(),
        _ => None,
    };
    let number = |field: &Field| match field {
        Field::Null => Some(f64::NAN),
        Field::Float(value) => Some(f64::from(*value)),
        Field::Double(value) => Some(*value),
        other => integer(other).map(|value| value as f64),
    };
    let single = |field: &Field| match field {
        Field::Null => Some(f32::NAN),
        Field::Float(value) => Some(*value),
        _ => None,
    };
    let text = |field: &Field| match field {
        Field::Null => Some(None),
        Field::Str(value) => Some(Some(value.clone())),
        _ => None,
    };
    let truth = |field: &Field| if let Field::Bool(value) = field { Some(*value) } else { None };
    let gap = |field: &Field| if *field == Field::Null { Some(None) } else { truth(field).map(Some) };
    if fields.iter().all(|field| *field == Field::Null) {
        return all(fields, number).map(Values::F64);
    }
    all(fields, integer)
        .map(Values::I64)
        .or_else(|| all(fields, truth).map(Values::Bool))
        .or_else(|| all(fields, gap).map(Values::Gaps))
        .or_else(|| all(fields, single).map(Values::F32))
        .or_else(|| all(fields, number).map(Values::F64))
        .or_else(|| all(fields, text).map(Values::Text))
}

/// Values as the declared type, where one is declared.
fn declared(values: Values, dtype: Option<&String>) -> Option<Values> {
    let numbers = |values: &Values| match values {
        Values::F64(values) => Some(values.clone()),
        Values::F32(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
        Values::I64(values) => Some(values.iter().map(|value| *value as f64).collect()),
        Values::Bool(values) => Some(values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>()),
        Values::Gaps(values) => Some(values.iter().map(|value| value.map_or(f64::NAN, f64::from)).collect()),
        Values::Text(_) | Values::Pandas { .. } => None,
    };
    match dtype.map(String::as_str) {
        None => Some(values),
        Some(dtype) if values.dtype() == dtype => Some(values),
        Some("float64") => numbers(&values).map(Values::F64),
        Some("float32") => {
            numbers(&values).map(|values| Values::F32(values.into_iter().map(|value| value as f32).collect()))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::Features;

    fn spec() -> DatasetSpec {
        DatasetSpec {
            name: "d".to_owned(),
            path: "d.parquet".into(),
            declared_path: "d.parquet".to_owned(),
            target: Vec::new(),
            drop: Vec::new(),
            dtypes: Default::default(),
            digest: None,
            dataframe: false,
            span: 0..0,
            outside: false,
            declared_at: "here".to_owned(),
        }
    }

    fn written() -> Vec<u8> {
        let schema = "message s { required double a; optional int64 b; optional binary c (UTF8); }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut bytes = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut bytes, schema, Default::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&[0.5, -1.0], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[7], Some(&[1, 0]), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[ByteArray::from("x")], Some(&[0, 1]), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        bytes
    }

    #[test]
    fn columns_keep_their_types_and_what_they_miss() {
        let dataset = parse(&spec(), &written()).unwrap();
        let Features::Table(columns) = dataset.features else { panic!("texts make a table") };
        assert_eq!(columns[0].values, Values::F64(vec![0.5, -1.0]));
        let Values::F64(missing) = &columns[1].values else { panic!("a missing number is NaN") };
        assert!(missing[0] == 7.0 && missing[1].is_nan());
        assert_eq!(columns[2].values, Values::Text(vec![None, Some("x".to_owned())]));
        let dropped = parse(
            &DatasetSpec { drop: vec!["c".to_owned()], target: vec!["a".to_owned()], ..spec() },
            &written(),
        );
        let dropped = dropped.unwrap();
        assert_eq!(dropped.target.unwrap().values, Values::F64(vec![0.5, -1.0]));
        assert!(parse(&DatasetSpec { drop: vec!["d".to_owned()], ..spec() }, &written()).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn damage_is_an_error_and_no_panic(at in 0usize..4000, byte in any::<u8>(), cut in 0usize..4000) {
            let mut bytes = written();
            let length = bytes.len();
            bytes[at % length] = byte;
            let _ = parse(&spec(), &bytes);
            let _ = parse(&spec(), &bytes[..cut % length]);
        }
    }
}
