//! The rows of the data in `report.html`. In JSON a row is an array, because a run has many; which column is which is
//! said once, in [`Columns`], and `templates/report.js` reads rows by these names.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::vocab::Real;

/// Declares a struct that JSON holds as an array, and the names of its columns with it.
macro_rules! row {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl $name {
            /// The names of its columns, in the order of the array.
            pub const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                ($(&self.$field,)*).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let ($($field,)*) = Deserialize::deserialize(deserializer)?;
                Ok(Self { $($field,)* })
            }
        }
    };
}

row! {
    /// One cell. An index that does not apply is -1.
    #[derive(Clone, Copy, Debug, PartialEq)]
    CellRow {
        /// Index into the models.
        model: u32,
        /// Index into the formats.
        format: u32,
        /// Index into the producers.
        producer: u32,
        /// Index into the consumers.
        consumer: u32,
        /// Index into the verdicts.
        verdict: u8,
        /// Index into the stages.
        stage: u8,
        /// Index into the statuses.
        status: i8,
        /// Index into the sets of outputs.
        set: i32,
        /// Index into the details.
        detail: i32,
        /// Index into the findings.
        finding: i32,
        /// Milliseconds to load, or -1.
        load: Short,
        /// Milliseconds to predict, or -1.
        predict: Short,
        /// Peak resident memory in MiB, or -1.
        memory: Short,
    }
}

row! {
    /// Words about a cell: indices into the texts, -1 where there is none.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    DetailRow {
        /// Type and message of the exception.
        error: i32,
        /// Frames of the exception, one a line.
        frames: i32,
        /// Module to blame.
        blame: i32,
        /// Why, where no exception says it.
        reason: i32,
        /// The known cause.
        rule: i32,
        /// Why it is expected, and where that is declared.
        expected: i32,
        /// The command that tries it again.
        command: i32,
        /// Version warnings.
        warned: Vec<i32>,
    }
}

row! {
    /// Comparison facts of one output that is not bit-equal. Name and the last four are indices into the texts.
    #[derive(Clone, Debug, PartialEq)]
    DifferingRow {
        /// Its name.
        name: u32,
        /// How many elements it has.
        elements: u64,
        /// Index into the agreements.
        agreement: u8,
        /// Largest absolute difference.
        abs: Short,
        /// Largest relative difference.
        rel: Short,
        /// Largest difference in units in the last place.
        ulp: Short,
        /// Labels that differ.
        flips: u64,
        /// Labels that differ and were ties.
        ties: u64,
        /// Places in which NaN or infinity differs.
        moved: u64,
        /// Why it cannot be compared.
        mismatch: i32,
        /// Index of the worst element.
        at: i32,
        /// The reference there.
        reference: i32,
        /// What was observed there.
        observed: i32,
    }
}

row! {
    /// An output that is bit-equal: the first columns of [`DifferingRow`]; the others are 0 or empty.
    #[derive(Clone, Copy, Debug, PartialEq)]
    EqualRow {
        /// Its name.
        name: u32,
        /// How many elements it has.
        elements: u64,
    }
}

/// Comparison facts of one output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OutputRow {
    /// One that differs.
    Differs(DifferingRow),
    /// One that is bit-equal.
    Equal(EqualRow),
}

/// The names of the columns of each kind of row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// Of [`CellRow`].
    pub cell: Vec<String>,
    /// Of [`DetailRow`].
    pub detail: Vec<String>,
    /// Of `DifferingRow`, with which `EqualRow` begins as well.
    pub output: Vec<String>,
}

impl Columns {
    /// As they are written.
    pub(super) fn written() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            cell: owned(CellRow::COLUMNS),
            detail: owned(DetailRow::COLUMNS),
            output: owned(DifferingRow::COLUMNS),
        }
    }
}

/// A number of three significant digits: what a page shows of it takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Short(pub Real);

impl From<f64> for Short {
    fn from(value: f64) -> Self {
        if value == 0.0 || !value.is_finite() {
            return Self(Real(value));
        }
        // Through text: scaling by powers of ten is off by an ULP now and then, and then prints 17 digits.
        Self(Real(format!("{value:.2e}").parse().unwrap_or(value)))
    }
}

impl Serialize for Short {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0.0;
        // `12` instead of `12.0`.
        if value.fract() == 0.0 && value.abs() < 1e6 {
            serializer.serialize_i64(value as i64)
        } else {
            self.0.serialize(serializer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_output_begins_like_one_that_differs() {
        assert!(DifferingRow::COLUMNS.starts_with(EqualRow::COLUMNS));
    }
}
