//! Distance in units in the last place.
//!
//! The floats of one width, ordered by value, are numbered by whole numbers; the distance is the difference of
//! two such numbers. Both zeros have the number 0, so `ulps(-0.0, 0.0)` is 0 and the smallest positive and the
//! smallest negative number are 2 apart: a distance of 0 means equal by value.

/// Number of `float64` steps from `a` to `b`. Meaningful for values that are not NaN; an infinity is one step
/// beyond the largest finite number.
#[inline]
pub fn ulps64(a: f64, b: f64) -> u64 {
    place64(a).abs_diff(place64(b))
}

/// Number of `float32` steps from `a` to `b`, as [`ulps64`].
#[inline]
pub fn ulps32(a: f32, b: f32) -> u64 {
    u64::from(place32(a).abs_diff(place32(b)))
}

/// Place of a `float64` among its kind: sign and magnitude turned into a signed integer.
#[inline]
fn place64(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    let sign = bits >> 63;
    ((bits & i64::MAX) ^ sign) - sign
}

/// As [`place64`].
#[inline]
pub(super) fn place32(value: f32) -> i32 {
    let bits = value.to_bits().cast_signed();
    let sign = bits >> 31;
    ((bits & i32::MAX) ^ sign) - sign
}
