//! One field of a CSV: what its text stands for.

use serde_json::{Value, json};

/// What stands for a missing number, besides nothing at all: what pandas takes for one.
const MISSING_NUMBERS: [&str; 16] = [
    "NA", "NaN", "nan", "-NaN", "-nan", "N/A", "n/a", "#N/A", "#NA", "#N/A N/A", "<NA>", "NULL", "null",
    "None", "1.#IND", "1.#QNAN",
];

/// Whether a text stands for no value.
pub(super) fn is_missing_number(field: &str) -> bool {
    let field = field.trim();
    field.is_empty() || MISSING_NUMBERS.contains(&field)
}

/// A number, NaN where it is missing; `None` for what is none.
pub(super) fn number_or_missing(field: &str) -> Option<f64> {
    if is_missing_number(field) { Some(f64::NAN) } else { field.trim().parse().ok() }
}

/// A whole number.
pub(super) fn integer(field: &str) -> Option<i64> {
    field.trim().parse().ok()
}

/// What pandas takes for a truth where nobody has declared one.
pub(super) fn is_truth(field: &str) -> bool {
    matches!(field, "True" | "TRUE" | "true" | "False" | "FALSE" | "false")
}

/// A declared truth.
pub(super) fn boolean(field: &str) -> Option<bool> {
    match field.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// The moment that a text of ISO 8601 without a zone tells, in nanoseconds since 1970; null where it is missing, `None` for what
/// is no moment or one that 64 bits cannot hold.
pub(super) fn moment(field: &str) -> Option<Value> {
    if is_missing_number(field) {
        return Some(Value::Null);
    }
    let civil: jiff::civil::DateTime = field.trim().parse().ok()?;
    // Whatever has a zone says when, and not what the clock showed.
    if field.trim().parse::<jiff::Timestamp>().is_ok() {
        return None;
    }
    let since = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_nanosecond();
    i64::try_from(since).ok().map(Value::from)
}

/// The categories of a column, in their order.
pub(super) struct Kinds {
    /// As they stand in the file.
    texts: Vec<String>,
    /// What pandas would have read them as.
    of: KindOf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KindOf {
    Whole,
    Numbers,
    Truths,
    Texts,
}

impl Kinds {
    /// Of what occurs in a column, sorted as pandas does where nobody gives an order.
    pub(super) fn of<'a>(fields: impl Iterator<Item = &'a str>) -> Self {
        let mut texts: Vec<&str> = fields.filter(|field| !is_missing_number(field)).collect();
        let of = KindOf::of(&texts);
        match of {
            KindOf::Whole => texts.sort_by_key(|text| integer(text)),
            KindOf::Numbers => {
                texts.sort_by(|one, other| {
                    let of = |text: &str| number_or_missing(text).unwrap_or(f64::NAN);
                    of(one).total_cmp(&of(other))
                });
            }
            KindOf::Truths => texts.sort_by_key(|text| boolean(text)),
            KindOf::Texts => texts.sort_unstable(),
        }
        texts.dedup_by(|one, other| of.is_same(one, other));
        Self { texts: texts.into_iter().map(str::to_owned).collect(), of }
    }

    /// Of a list that somebody has given.
    pub(super) fn listed(listed: &[String]) -> Self {
        let texts: Vec<&str> = listed.iter().map(String::as_str).collect();
        Self { of: KindOf::of(&texts), texts: listed.to_vec() }
    }

    /// The place of a field among the categories; null where it is missing, `None` for what is none of them.
    pub(super) fn code(&self, field: &str) -> Option<Value> {
        if is_missing_number(field) {
            return Some(Value::Null);
        }
        self.texts.iter().position(|text| self.of.is_same(text, field)).map(Value::from)
    }

    /// How the column is written down for pandas.
    pub(super) fn spec(&self, ordered: bool) -> Value {
        let value = |text: &String| match self.of {
            KindOf::Whole => integer(text).map_or(Value::Null, Value::from),
            KindOf::Numbers => number_or_missing(text).map_or(Value::Null, Value::from),
            KindOf::Truths => boolean(text).map_or(Value::Null, Value::from),
            KindOf::Texts => Value::from(text.as_str()),
        };
        json!({
            "dtype": "category",
            "of": { "dtype": self.of.dtype() },
            "categories": self.texts.iter().map(value).collect::<Vec<_>>(),
            "ordered": ordered,
        })
    }
}

impl KindOf {
    fn of(texts: &[&str]) -> Self {
        let all = |is: fn(&str) -> bool| !texts.is_empty() && texts.iter().all(|text| is(text));
        if all(|text| integer(text).is_some()) {
            Self::Whole
        } else if all(|text| number_or_missing(text).is_some()) {
            Self::Numbers
        } else if all(is_truth) {
            Self::Truths
        } else {
            Self::Texts
        }
    }

    fn is_same(self, one: &str, other: &str) -> bool {
        match self {
            Self::Whole => integer(one) == integer(other),
            Self::Numbers => number_or_missing(one) == number_or_missing(other),
            Self::Truths => boolean(one) == boolean(other),
            Self::Texts => one == other,
        }
    }

    const fn dtype(self) -> &'static str {
        match self {
            Self::Whole => "int64",
            Self::Numbers => "float64",
            Self::Truths => "bool",
            Self::Texts => "object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn categories(fields: &[&str]) -> Value {
        Kinds::of(fields.iter().copied()).spec(false)["categories"].clone()
    }

    #[test]
    fn categories_are_sorted_as_pandas_sorts_them() {
        assert_eq!(categories(&["b", "", "a", "NA", "b", "B"]), json!(["B", "a", "b"]));
        assert_eq!(categories(&["10", "9", "10", ""]), json!([9, 10]));
        assert_eq!(categories(&["1.5", "-2", "1.50"]), json!([-2.0, 1.5]));
        assert_eq!(categories(&["True", "False"]), json!([false, true]));
        assert_eq!(categories(&["", "NA"]), json!([]));
    }

    #[test]
    fn what_is_not_listed_has_no_code() {
        let kinds = Kinds::listed(&["S".to_owned(), "M".to_owned()]);
        assert_eq!(kinds.code("M"), Some(json!(1)));
        assert_eq!(kinds.code(""), Some(Value::Null));
        assert_eq!(kinds.code("L"), None);
    }

    #[test]
    fn moments_have_no_zone() {
        assert_eq!(moment("1970-01-02"), Some(json!(86_400_000_000_000_i64)));
        assert_eq!(moment("1970-01-01T00:00:00.000000001"), Some(json!(1)));
        assert_eq!(moment("1970-01-01 00:01"), Some(json!(60_000_000_000_i64)));
        assert_eq!(moment(""), Some(Value::Null));
        for wrong in
            ["1970-01-01T00:00:00Z", "1970-01-01T00:00+02:00", "9999-01-01", "yesterday", "1970-13-01"]
        {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }
}
