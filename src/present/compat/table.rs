//! The facts of the map as a table for analysts: a row for each model between two environments.

use std::sync::Arc;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::compat::MapFacts;
use crate::explain;
use crate::present::error::RenderError;

/// A row.
struct Fact<'f> {
    texts: [&'f str; 10],
    bits: [i32; 2],
    rescue: Option<bool>,
}

/// The names of its texts, in order.
const TEXTS: [&str; 10] = [
    "matrix",
    "model",
    "estimator",
    "format",
    "from",
    "to",
    "from_environment",
    "to_environment",
    "verdict",
    "cause",
];

fn rows(facts: &MapFacts) -> impl Iterator<Item = Fact<'_>> {
    facts.runs.iter().flat_map(|(matrix, run)| {
        run.models.iter().flat_map(move |(name, model)| {
            model.formats.iter().flat_map(move |(format, square)| {
                square.cells().map(move |(producer, consumer, seen)| {
                    let (from, to) = (&run.environments[producer], &run.environments[consumer]);
                    let cause = seen.rule.as_deref().filter(|_| !seen.verdict.works());
                    Fact {
                        texts: [
                            matrix,
                            name,
                            &model.estimator,
                            format.as_str(),
                            &from.release,
                            &to.release,
                            &from.name,
                            &to.name,
                            seen.verdict.as_str(),
                            cause.unwrap_or_default(),
                        ],
                        bits: [i32::from(from.bits), i32::from(to.bits)],
                        rescue: cause.and_then(explain::find).map(explain::Rule::has_mend),
                    }
                })
            })
        })
    })
}

/// As CSV.
///
/// # Errors
/// Never in practice: it is written to memory.
pub fn map_csv(facts: &MapFacts) -> Result<Vec<u8>, RenderError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(TEXTS.into_iter().chain(["from_bits", "bits", "rescue"]))?;
    for row in rows(facts) {
        let bits = row.bits.map(|bits| bits.to_string());
        let rescue = row.rescue.map_or("", |helps| if helps { "yes" } else { "no" });
        writer.write_record(row.texts.into_iter().chain([bits[0].as_str(), bits[1].as_str(), rescue]))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()).into())
}

/// As Parquet, with the same columns; what is empty there is null here.
///
/// # Errors
/// Never in practice: it is written to memory.
pub fn map_parquet(facts: &MapFacts) -> Result<Vec<u8>, RenderError> {
    parquet(&rows(facts).collect::<Vec<_>>()).map_err(RenderError::from)
}

fn parquet(rows: &[Fact<'_>]) -> Result<Vec<u8>, ParquetError> {
    let texts: String = TEXTS.iter().map(|name| format!("optional binary {name} (UTF8); ")).collect();
    let schema = format!(
        "message facts {{ {texts}required int32 from_bits; required int32 bits; optional boolean rescue; }}"
    );
    let zstd = parquet::basic::Compression::ZSTD(Default::default());
    let properties = WriterProperties::builder().set_compression(zstd).build();
    let mut bytes = Vec::new();
    let schema = Arc::new(parse_message_type(&schema)?);
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let mut at = 0;
    while let Some(mut column) = group.next_column()? {
        let levels = |is_there: &dyn Fn(&Fact<'_>) -> bool| -> Vec<i16> {
            rows.iter().map(|row| i16::from(is_there(row))).collect()
        };
        if at < TEXTS.len() {
            let there = rows.iter().map(|row| row.texts[at]).filter(|text| !text.is_empty());
            let values: Vec<ByteArray> = there.map(ByteArray::from).collect();
            let levels = levels(&|row| !row.texts[at].is_empty());
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
        } else if at < TEXTS.len() + 2 {
            let values: Vec<i32> = rows.iter().map(|row| row.bits[at - TEXTS.len()]).collect();
            column.typed::<Int32Type>().write_batch(&values, None, None)?;
        } else {
            let values: Vec<bool> = rows.iter().filter_map(|row| row.rescue).collect();
            column.typed::<BoolType>().write_batch(
                &values,
                Some(&levels(&|row| row.rescue.is_some())),
                None,
            )?;
        }
        column.close()?;
        at += 1;
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}
