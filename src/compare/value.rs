//! One element of an output, whatever its encoding, and how two of them relate.

use super::ulp::ulps64;

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// An integer or a boolean.
    Int(i128),
    /// A float, widened to `float64`.
    Float(f64),
    /// Anything else: the tagged text as stored, for example `s:setosa`.
    Other(&'a str),
}

/// What makes two elements the same label: equal keys are equal values, as Python's `==` says it, except that
/// NaN is itself here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key<'a> {
    /// A whole number, from whatever type.
    Whole(i128),
    /// Bits of a float that is not whole.
    Bits(u64),
    /// Tagged text.
    Text(&'a str),
}

/// How two numbers differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Difference {
    /// Both are finite.
    Finite {
        /// `|a - b|`; zero only where they are equal by value.
        abs: f64,
        /// `|b|`.
        magnitude: f64,
        /// Steps between them as `float64`; 0 where both are integers, which have no last place.
        ulps: u64,
    },
    /// Both are the same infinity, or both NaN.
    SameNonfinite,
    /// One is NaN or infinite and the other is not the same.
    Nonfinite,
}

/// `2^127` as a float: from here on floats do not fit an `i128`.
const WHOLE_LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

impl<'a> Value<'a> {
    /// Its identity as a label.
    pub(super) fn key(self) -> Key<'a> {
        match self {
            Self::Int(whole) => Key::Whole(whole),
            Self::Float(float) => match whole(float) {
                Some(whole) => Key::Whole(whole),
                None if float.is_nan() => Key::Bits(f64::NAN.to_bits()),
                None => Key::Bits(float.to_bits()),
            },
            Self::Other(text) => Key::Text(text),
        }
    }

    /// Its magnitude, where it is a finite number.
    pub(super) fn magnitude(self) -> Option<f64> {
        match self {
            Self::Int(whole) => Some(whole.unsigned_abs() as f64),
            Self::Float(float) if float.is_finite() => Some(float.abs()),
            Self::Float(_) | Self::Other(_) => None,
        }
    }
}

/// The float as a whole number, where it is one that fits.
fn whole(float: f64) -> Option<i128> {
    (float.abs() < WHOLE_LIMIT && float.fract() == 0.0).then_some(float as i128)
}

/// How observed `a` differs from reference `b`; `None` where one of them is no number.
pub(super) fn difference(a: Value<'_>, b: Value<'_>) -> Option<Difference> {
    Some(match (a, b) {
        (Value::Other(_), _) | (_, Value::Other(_)) => return None,
        (Value::Int(a), Value::Int(b)) => {
            Difference::Finite { abs: a.abs_diff(b) as f64, magnitude: b.unsigned_abs() as f64, ulps: 0 }
        }
        (Value::Float(a), Value::Float(b)) => floats(a, b),
        (Value::Int(a), Value::Float(b)) => mixed(a, b, b.abs()),
        (Value::Float(a), Value::Int(b)) => mixed(b, a, b.unsigned_abs() as f64),
    })
}

/// How observed `a` differs from reference `b`.
pub(super) fn floats(a: f64, b: f64) -> Difference {
    if a.is_finite() && b.is_finite() {
        Difference::Finite { abs: (a - b).abs(), magnitude: b.abs(), ulps: ulps64(a, b) }
    } else if a == b || (a.is_nan() && b.is_nan()) {
        Difference::SameNonfinite
    } else {
        Difference::Nonfinite
    }
}

fn mixed(int: i128, float: f64, magnitude: f64) -> Difference {
    if !float.is_finite() {
        return Difference::Nonfinite;
    }
    let near = int as f64;
    // Exact while the float is whole. Where it is not, either its magnitude is below 2^52, and the conversion
    // of an integer that is as small loses nothing while a larger one is far away, or it is beyond every
    // integer that becomes a `Value::Int`.
    let abs = whole(float).map_or_else(|| (near - float).abs(), |whole| int.abs_diff(whole) as f64);
    Difference::Finite { abs, magnitude, ulps: ulps64(near, float) }
}

/// The two values as text for a person: shortest forms that read back to the same value, strings as they are.
/// Where that would show values alike that are not (`1` the number and `1` the string, two kinds of NaN), their
/// type or bits are added.
///
/// `single` says of each side whether its floats are `float32`.
pub(super) fn describe(reference: Value<'_>, observed: Value<'_>, single: [bool; 2]) -> (String, String) {
    let (left, right) = (plain(reference, single[0]), plain(observed, single[1]));
    if left == right { (exact(reference, left), exact(observed, right)) } else { (left, right) }
}

/// Longest label text that is shown, in characters.
const SHOWN: usize = 200;

/// A value as text for a person.
pub(super) fn plain(value: Value<'_>, single: bool) -> String {
    match value {
        Value::Int(whole) => whole.to_string(),
        Value::Float(float) if float.is_nan() => "nan".to_owned(),
        Value::Float(float) if single => format!("{:?}", float as f32),
        Value::Float(float) => format!("{float:?}"),
        Value::Other(text) if text.starts_with("n:") => "None".to_owned(),
        Value::Other(text) => {
            let content = text.get(2..).unwrap_or(text);
            match content.char_indices().nth(SHOWN) {
                Some((cut, _)) => format!("{}...", &content[..cut]),
                None => content.to_owned(),
            }
        }
    }
}

fn exact(value: Value<'_>, plain: String) -> String {
    match value {
        Value::Int(_) => format!("{plain} (int)"),
        Value::Float(float) => format!("{plain} (0x{:016x})", float.to_bits()),
        Value::Other(text) => format!("{plain} ({})", text.get(..1).map_or("?", tag_name)),
    }
}

fn tag_name(tag: &str) -> &'static str {
    match tag {
        "s" => "str",
        "b" => "bytes",
        "i" => "int",
        "n" => "None",
        "d" => "datetime",
        _ => "object",
    }
}
