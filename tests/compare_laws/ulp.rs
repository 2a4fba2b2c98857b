//! Laws of the distance in units in the last place.

use float_cmp::Ulps;
use proptest::num::{f32 as any32, f64 as any64};
use proptest::prelude::*;
use shelflife::compare::{ulps32, ulps64};

/// The oracle counts a step between the two zeros, and its result wraps around.
pub fn oracle(a: f64, b: f64) -> u64 {
    let (low, high) = if a < b || (a == b && a.is_sign_negative()) { (a, b) } else { (b, a) };
    let steps = high.ulps(&low).cast_unsigned();
    steps - u64::from(low.is_sign_negative() != high.is_sign_negative())
}

pub fn oracle32(a: f32, b: f32) -> u64 {
    let (low, high) = if a < b || (a == b && a.is_sign_negative()) { (a, b) } else { (b, a) };
    let steps = high.ulps(&low).cast_unsigned();
    u64::from(steps - u32::from(low.is_sign_negative() != high.is_sign_negative()))
}

fn number() -> impl Strategy<Value = f64> {
    let any =
        any64::POSITIVE | any64::NEGATIVE | any64::NORMAL | any64::SUBNORMAL | any64::ZERO | any64::INFINITE;
    prop_oneof![4 => any, 1 => any64::SUBNORMAL | any64::ZERO | any64::NEGATIVE | any64::POSITIVE]
}

fn number32() -> impl Strategy<Value = f32> {
    any32::POSITIVE | any32::NEGATIVE | any32::NORMAL | any32::SUBNORMAL | any32::ZERO | any32::INFINITE
}

proptest! {
    #[test]
    fn zero_means_equal_by_value(a in number(), b in number()) {
        prop_assert_eq!(ulps64(a, b) == 0, a == b);
        prop_assert_eq!(ulps64(a, a), 0);
    }

    #[test]
    fn symmetric_and_as_the_oracle(a in number(), b in number()) {
        prop_assert_eq!(ulps64(a, b), ulps64(b, a));
        prop_assert_eq!(ulps64(a, b), oracle(a, b));
    }

    #[test]
    fn symmetric_and_as_the_oracle_in_float32(a in number32(), b in number32()) {
        prop_assert_eq!(ulps32(a, b), ulps32(b, a));
        prop_assert_eq!(ulps32(a, b), oracle32(a, b));
        prop_assert_eq!(ulps32(a, b) == 0, a == b);
    }

    #[test]
    fn distances_add_up_along_the_line(mut values in prop::array::uniform3(number())) {
        values.sort_by(f64::total_cmp);
        let [low, middle, high] = values;
        let whole = u128::from(ulps64(low, high));
        prop_assert_eq!(whole, u128::from(ulps64(low, middle)) + u128::from(ulps64(middle, high)));
    }

    #[test]
    fn neighbours_are_one_apart(a in number()) {
        if a != f64::INFINITY {
            prop_assert_eq!(ulps64(a, a.next_up()), 1);
        }
        if a != f64::NEG_INFINITY {
            prop_assert_eq!(ulps64(a, a.next_down()), 1);
        }
    }

    #[test]
    fn neighbours_are_one_apart_in_float32(a in number32()) {
        if a != f32::INFINITY {
            prop_assert_eq!(ulps32(a, a.next_up()), 1);
        }
    }
}

#[test]
fn corners() {
    assert_eq!(ulps64(-0.0, 0.0), 0);
    assert_eq!(ulps64(5e-324, -5e-324), 2);
    assert_eq!(ulps64(f64::MAX, f64::INFINITY), 1);
    assert_eq!(ulps64(f64::NEG_INFINITY, f64::INFINITY), 2 * 0x7ff0_0000_0000_0000);
    assert_eq!(ulps32(1.0, 1.0 + f32::EPSILON), 1);
}
