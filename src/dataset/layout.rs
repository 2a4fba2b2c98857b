//! From columns to the layout that they ask for.

use super::columns::{Column, Features, ReadAs, Shape, Values};

/// The layout that the columns ask for.
pub(crate) fn features(mut columns: Vec<Column>, dataframe: bool) -> Features {
    let numeric = |column: &Column| {
        matches!(column.values, Values::F64(_) | Values::F32(_) | Values::I64(_))
            // What a float cannot hold stays as it is.
            && !(column.read_as == Some(ReadAs::Whole) && matches!(column.values, Values::I64(_)))
    };
    let same = |column: &Column| column.values.dtype() == columns[0].values.dtype();
    // Columns of a DataFrame keep their own types; an array has one for all.
    if columns.iter().all(numeric) && (!dataframe || columns.iter().all(same)) {
        let values = interleaved(&columns);
        let own = |column: &Column| match (&column.values, &values) {
            (Values::I64(_), Values::F64(_)) => column.read_as.or(Some(ReadAs::Whole)),
            (Values::F32(_), Values::F64(_)) => Some(ReadAs::Stored("float32")),
            _ => column.read_as,
        };
        let read_as: Vec<Option<ReadAs>> = columns.iter().map(own).collect();
        let read_as = if read_as.iter().all(Option::is_none) { Vec::new() } else { read_as };
        let names = columns.into_iter().map(|column| column.name).collect();
        return Features::Array { names, values, shape: Shape::Rows, read_as };
    }
    if let [Column { values: Values::Text(_), .. }] = columns.as_slice()
        && !dataframe
    {
        return Features::Text(columns.remove(0));
    }
    Features::Table(columns)
}

/// Columns of numbers as one matrix, row by row; `float64` where their types differ.
pub(super) fn interleaved(columns: &[Column]) -> Values {
    fn rows<T: Copy>(columns: &[&Vec<T>]) -> Vec<T> {
        let count = columns.first().map_or(0, |column| column.len());
        (0..count).flat_map(|row| columns.iter().map(move |column| column[row])).collect()
    }
    macro_rules! all {
        ($variant:ident) => {
            columns
                .iter()
                .map(|column| if let Values::$variant(values) = &column.values { Some(values) } else { None })
                .collect::<Option<Vec<_>>>()
                .map(|columns| Values::$variant(rows(&columns)))
        };
    }
    all!(F64).or_else(|| all!(F32)).or_else(|| all!(I64)).unwrap_or_else(|| {
        let widened: Vec<Vec<f64>> = columns.iter().map(|column| widened(&column.values)).collect();
        Values::F64(rows(&widened.iter().collect::<Vec<_>>()))
    })
}

fn widened(values: &Values) -> Vec<f64> {
    match values {
        Values::F64(values) => values.clone(),
        Values::F32(values) => values.iter().map(|&value| f64::from(value)).collect(),
        Values::I64(values) => values.iter().map(|&value| value as f64).collect(),
        Values::Bool(values) => values.iter().map(|&value| f64::from(value)).collect(),
        Values::Gaps(values) => values.iter().map(|value| value.map_or(f64::NAN, f64::from)).collect(),
        Values::Text(values) => values.iter().map(|_| f64::NAN).collect(),
        Values::Pandas { items, .. } => items.iter().map(|item| item.as_f64().unwrap_or(f64::NAN)).collect(),
    }
}
