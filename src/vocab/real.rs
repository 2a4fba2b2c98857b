//! A float that survives JSON.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 64-bit float whose JSON form keeps NaN and the infinities (as the strings `"nan"`, `"inf"`, `"-inf"`),
/// which plain JSON numbers cannot express.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
pub struct Real(pub f64);

impl Real {
    /// Whether this is exactly zero, for leaving it out of a record.
    pub fn is_zero(&self) -> bool {
        self.0 == 0.0
    }
}

impl From<f64> for Real {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

impl fmt::Display for Real {
    /// Short scientific notation with two significant digits after the point, as reports show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if value == 0.0 || !value.is_finite() {
            write!(f, "{value}")
        } else if (1e-3..1e5).contains(&value.abs()) {
            write!(f, "{:.4}", value)
        } else {
            write!(f, "{value:.2e}")
        }
    }
}

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else if self.0.is_nan() {
            serializer.serialize_str("nan")
        } else if self.0 > 0.0 {
            serializer.serialize_str("inf")
        } else {
            serializer.serialize_str("-inf")
        }
    }
}

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Real;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, \"nan\", \"inf\" or \"-inf\"")
            }

            fn visit_f64<E>(self, value: f64) -> Result<Real, E> {
                Ok(Real(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Real, E> {
                Ok(Real(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Real, E> {
                Ok(Real(value as f64))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Real, E> {
                match text {
                    "nan" => Ok(Real(f64::NAN)),
                    "inf" => Ok(Real(f64::INFINITY)),
                    "-inf" => Ok(Real(f64::NEG_INFINITY)),
                    other => Err(E::custom(format!("`{other}` is not a number"))),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
