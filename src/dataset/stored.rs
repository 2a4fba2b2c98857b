//! Columns of a Parquet file as pandas would read them: what the file says of its own types goes before what its values
//! look like.

use parquet::basic::{LogicalType, TimeUnit};
use parquet::record::Field;
use serde_json::{Map, Number, Value, json};

use super::columns::{Column, ReadAs, Values};

/// What pandas has written of its columns into a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    columns: Vec<ToldColumn>,
    /// Columns that are the index of the table, and none of its columns.
    index: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct ToldColumn {
    name: String,
    kind: String,
    dtype: String,
    zone: Option<String>,
    ordered: bool,
}

impl Told {
    /// Of the text under the key `pandas`.
    pub fn of(text: &str) -> Self {
        let Ok(told) = serde_json::from_str::<Value>(text) else { return Self::default() };
        let word =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let column = |value: &Value| {
            let more = value.get("metadata").cloned().unwrap_or_default();
            ToldColumn {
                name: word(value, "field_name"),
                kind: word(value, "pandas_type"),
                dtype: word(value, "numpy_type"),
                zone: more.get("timezone").and_then(Value::as_str).map(str::to_owned),
                ordered: more.get("ordered").and_then(Value::as_bool).unwrap_or(false),
            }
        };
        let list = |key: &str| told.get(key).and_then(Value::as_array).into_iter().flatten();
        Self {
            columns: list("columns").map(column).collect(),
            index: list("index_columns").filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }

    pub fn is_index(&self, name: &str) -> bool {
        self.index.iter().any(|index| index == name)
    }

    fn column(&self, name: &str) -> ToldColumn {
        self.columns.iter().find(|column| column.name == name).cloned().unwrap_or_default()
    }
}

/// A column as the file holds it.
pub(super) struct Stored<'a> {
    pub name: &'a str,
    pub fields: &'a [Field],
    pub logical: Option<&'a LogicalType>,
    /// The texts that its dictionary begins with, where it has one: the categories in their order.
    pub dictionary: Vec<String>,
}

/// How a column is typed in pandas, where that is more than its plain values tell; `None` where they tell everything.
///
/// # Errors
/// What cannot be handed over, in words.
pub(super) fn typed(stored: &Stored<'_>, told: &Told) -> Result<Option<Column>, String> {
    let told = told.column(stored.name);
    let pandas = |spec: Value, items: Vec<Value>| {
        Ok(Some(Column::typed(stored.name, Values::Pandas { dtype: spec, items })))
    };
    if told.kind == "categorical" {
        return match category(stored, &told) {
            Some((spec, items)) => pandas(spec, items),
            None => Err("its categories are neither texts nor whole numbers".to_owned()),
        };
    }
    if let Some(unit) = unit_of(stored.logical) {
        let counts = stored.fields.iter().map(count).collect::<Option<Vec<_>>>();
        let counts = counts.ok_or("its times are stored in a form that is not known")?;
        let own = told.dtype.strip_prefix("datetime64[").and_then(|rest| rest.get(..2));
        let unit = own.map_or(unit, |own| own.trim_end_matches(']'));
        let counts =
            counts.into_iter().map(|count| count.and_then(|it| scaled(it, unit_of(stored.logical), unit)));
        let items = counts.map(|count| count.map_or(Value::Null, Value::from)).collect();
        let zone = told.zone.or_else(|| is_utc(stored.logical).then(|| "UTC".to_owned()));
        let dtype = zone.map_or(format!("datetime64[{unit}]"), |zone| format!("datetime64[{unit}, {zone}]"));
        return pandas(json!({ "dtype": dtype }), items);
    }
    if told.dtype.starts_with("period") || told.dtype.starts_with("interval") {
        return Err(format!("it holds values of the type {}", told.dtype));
    }
    if told.dtype.starts_with("timedelta64") {
        let counts = stored.fields.iter().map(count).collect::<Option<Vec<_>>>();
        let counts = counts.ok_or("its spans of time are stored in a form that is not known")?;
        let items = counts.into_iter().map(|count| count.map_or(Value::Null, Value::from)).collect();
        return pandas(json!({ "dtype": told.dtype }), items);
    }
    if stored.fields.iter().any(|field| matches!(field, Field::Date(_))) {
        let items =
            stored.fields.iter().map(date).collect::<Option<Vec<_>>>().ok_or("it mixes dates and others")?;
        return pandas(json!({ "dtype": "object" }), items);
    }
    let has_gaps = stored.fields.contains(&Field::Null);
    let is_nullable = told.dtype.starts_with(|letter: char| letter.is_ascii_uppercase())
        || matches!(told.dtype.as_str(), "boolean" | "string" | "str");
    if is_nullable {
        let items = stored.fields.iter().map(|field| item(field, &Value::Null)).collect::<Option<Vec<_>>>();
        return pandas(json!({ "dtype": told.dtype }), items.ok_or("its values cannot be kept")?);
    }
    if has_gaps && stored.fields.iter().any(|field| matches!(field, Field::Bool(_) | Field::Str(_))) {
        let none = json!({ "is": "None" });
        let items = stored.fields.iter().map(|field| item(field, &none)).collect::<Option<Vec<_>>>();
        return pandas(json!({ "dtype": "object" }), items.ok_or("it mixes values of several kinds")?);
    }
    narrow(stored)
}

/// Numbers of a type that is narrower than `float64` and `int64`, or wider.
fn narrow(stored: &Stored<'_>) -> Result<Option<Column>, String> {
    let dtype = match stored.fields.iter().find(|field| **field != Field::Null) {
        Some(Field::Byte(_)) => "int8",
        Some(Field::Short(_)) => "int16",
        Some(Field::Int(_)) => "int32",
        Some(Field::UByte(_)) => "uint8",
        Some(Field::UShort(_)) => "uint16",
        Some(Field::UInt(_)) => "uint32",
        Some(Field::Float16(_)) => "float16",
        Some(Field::ULong(_)) => "uint64",
        _ => return Ok(None),
    };
    if stored.fields.contains(&Field::Null) {
        return Ok(None);
    }
    let items = stored.fields.iter().map(|field| item(field, &Value::Null)).collect::<Option<Vec<_>>>();
    let items = items.ok_or("its values cannot be kept")?;
    if dtype == "uint64" && items.iter().any(|item| item.as_i64().is_none()) {
        let dtype = json!({ "dtype": dtype });
        return Ok(Some(Column::typed(stored.name, Values::Pandas { dtype, items })));
    }
    let values = match dtype {
        "float16" => Values::F64(items.iter().map(|item| item.as_f64().unwrap_or(f64::NAN)).collect()),
        _ => Values::I64(items.iter().filter_map(Value::as_i64).collect()),
    };
    Ok(Some(Column { name: stored.name.to_owned(), values, read_as: Some(ReadAs::Stored(dtype)) }))
}

/// How a column of categories is written down, and the code of each value.
fn category(stored: &Stored<'_>, told: &ToldColumn) -> Option<(Value, Vec<Value>)> {
    let values: Vec<Value> =
        stored.fields.iter().map(|field| item(field, &Value::Null)).collect::<Option<_>>()?;
    let is_text = values.iter().any(Value::is_string) || values.iter().all(Value::is_null);
    let mut kinds: Vec<Value> = stored.dictionary.iter().map(|text| Value::from(text.as_str())).collect();
    for value in &values {
        if !value.is_null() && !kinds.contains(value) {
            kinds.push(value.clone());
        }
    }
    let of = match is_text {
        true => "object",
        false if kinds.iter().all(Value::is_i64) => "int64",
        false => return None,
    };
    if !is_text {
        // No dictionary of numbers says their order; pandas sorts categories where nobody gives them.
        kinds.sort_by_key(Value::as_i64);
    }
    let codes = values
        .iter()
        .map(|value| kinds.iter().position(|kind| kind == value).map_or(Value::Null, Value::from));
    let codes = codes.collect();
    let mut spec = Map::new();
    spec.insert("dtype".to_owned(), "category".into());
    spec.insert("of".to_owned(), json!({ "dtype": of }));
    spec.insert("categories".to_owned(), kinds.into());
    spec.insert("ordered".to_owned(), told.ordered.into());
    Some((spec.into(), codes))
}

/// A value as a package writes it down; `None` for one that it has no word for.
fn item(field: &Field, none: &Value) -> Option<Value> {
    let float = |value: f64| match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None => json!({ "is": "float", "value": value.to_string().to_lowercase() }),
    };
    Some(match field {
        Field::Null => none.clone(),
        Field::Bool(truth) => (*truth).into(),
        Field::Byte(whole) => (*whole).into(),
        Field::Short(whole) => (*whole).into(),
        Field::Int(whole) => (*whole).into(),
        Field::Long(whole) => (*whole).into(),
        Field::UByte(whole) => (*whole).into(),
        Field::UShort(whole) => (*whole).into(),
        Field::UInt(whole) => (*whole).into(),
        Field::ULong(whole) => (*whole).into(),
        Field::Float16(value) => float(f64::from(*value)),
        Field::Float(value) => float(f64::from(*value)),
        Field::Double(value) => float(*value),
        Field::Str(text) => text.as_str().into(),
        _ => return None,
    })
}

/// A date as Python has it.
fn date(field: &Field) -> Option<Value> {
    let days = match field {
        Field::Null => return Some(json!({ "is": "None" })),
        Field::Date(days) => *days,
        _ => return None,
    };
    let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    Some(json!({ "is": "date", "value": [date.year(), date.month(), date.day()] }))
}

/// A moment or a span of time, as it is counted; `Some(None)` for none.
#[expect(clippy::option_option, reason = "what is not counted is not what is missing")]
fn count(field: &Field) -> Option<Option<i64>> {
    match field {
        Field::Null => Some(None),
        Field::Long(count) | Field::TimestampMillis(count) | Field::TimestampMicros(count) => {
            Some(Some(*count))
        }
        _ => None,
    }
}

fn unit_of(logical: Option<&LogicalType>) -> Option<&'static str> {
    match logical {
        Some(LogicalType::Timestamp(time)) => Some(match time.unit {
            TimeUnit::MILLIS => "ms",
            TimeUnit::MICROS => "us",
            TimeUnit::NANOS => "ns",
        }),
        _ => None,
    }
}

fn is_utc(logical: Option<&LogicalType>) -> bool {
    matches!(logical, Some(LogicalType::Timestamp(time)) if time.is_adjusted_to_u_t_c)
}

/// A count of one unit in another.
fn scaled(count: i64, from: Option<&str>, to: &str) -> Option<i64> {
    let per_second = |unit: &str| match unit {
        "s" => 1i64,
        "ms" => 1_000,
        "us" => 1_000_000,
        _ => 1_000_000_000,
    };
    let (from, to) = (per_second(from?), per_second(to));
    if to >= from { count.checked_mul(to / from) } else { Some(count.div_euclid(from / to)) }
}
