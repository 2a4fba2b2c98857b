//! numpy's `.npy` files, through `npyz`. Object arrays are pickles, so they are refused.

use npyz::{DType, NpyFile, Order, TypeChar};

use super::{Column, Dataset, Values};
use crate::matrix::DatasetSpec;

pub(super) fn parse(spec: &DatasetSpec, bytes: &[u8], target: Option<&[u8]>) -> Result<Dataset, String> {
    let (rows, columns) = matrix(bytes, "x")?;
    let target = match target {
        None => Vec::new(),
        Some(bytes) => {
            let (target_rows, columns) = matrix(bytes, "y").map_err(|what| format!("its target: {what}"))?;
            if target_rows != rows {
                return Err(format!("it has {rows} rows, but its target has {target_rows}"));
            }
            columns
        }
    };
    if columns.is_empty() || rows == 0 {
        return Err("it holds no values".to_owned());
    }
    Ok(Dataset { rows, columns, target, dataframe: spec.dataframe })
}

/// Rows and columns of an array of one or two dimensions.
fn matrix(bytes: &[u8], prefix: &str) -> Result<(usize, Vec<Column>), String> {
    let file = NpyFile::new(bytes).map_err(|error| format!("it is not an .npy file: {error}"))?;
    let (rows, width) = match *file.shape() {
        [rows] => (rows, 1),
        [rows, width] => (rows, width),
        ref shape => return Err(format!("it has {} dimensions; one or two are needed", shape.len())),
    };
    let (rows, width) = (size(rows)?, size(width)?);
    let order = file.order();
    let dtype = file.dtype();
    let DType::Plain(plain) = &dtype else {
        return Err(format!("its dtype {} is structured; save plain numbers", dtype.descr()));
    };
    if plain.type_char() == TypeChar::Object {
        return Err(
            "it is an object array, which is a pickle and could run code; save plain numbers".to_owned()
        );
    }
    let unsupported = || format!("its dtype {} is none of f4, f8, i4, i8, u1, bool", dtype.descr());
    let values = match (plain.type_char(), plain.size_field()) {
        (TypeChar::Float, 8) => Values::Float64(read(file)?),
        (TypeChar::Float, 4) => Values::Float32(read(file)?),
        (TypeChar::Int, 8) => Values::Int64(read(file)?),
        (TypeChar::Int, 4) => Values::Int64(read::<i32>(file)?.into_iter().map(i64::from).collect()),
        (TypeChar::Uint, 1) => Values::Int64(read::<u8>(file)?.into_iter().map(i64::from).collect()),
        (TypeChar::Bool, 1) => Values::Bool(read(file)?),
        _ => return Err(unsupported()),
    };
    let columns = (0..width).map(|index| Column {
        name: format!("{prefix}{index}"),
        values: match &values {
            Values::Float64(all) => Values::Float64(column(all, rows, width, index, order)),
            Values::Float32(all) => Values::Float32(column(all, rows, width, index, order)),
            Values::Int64(all) => Values::Int64(column(all, rows, width, index, order)),
            Values::Bool(all) => Values::Bool(column(all, rows, width, index, order)),
            Values::Text(_) => Values::Text(Vec::new()),
        },
    });
    Ok((rows, columns.collect()))
}

fn size(number: u64) -> Result<usize, String> {
    usize::try_from(number).map_err(|_| format!("a dimension of {number} does not fit into memory"))
}

fn read<T: npyz::Deserialize>(file: NpyFile<&[u8]>) -> Result<Vec<T>, String> {
    let expected = file.len();
    let values: Result<Vec<T>, _> = file.data().map_err(|error| error.to_string())?.collect();
    let values = values.map_err(|error| format!("it is truncated: {error}"))?;
    if values.len() as u64 == expected { Ok(values) } else { Err("it is truncated".to_owned()) }
}

fn column<T: Copy>(all: &[T], rows: usize, width: usize, index: usize, order: Order) -> Vec<T> {
    match order {
        Order::C => all.iter().skip(index).step_by(width.max(1)).copied().collect(),
        Order::Fortran => all.iter().skip(index * rows).take(rows).copied().collect(),
    }
}
