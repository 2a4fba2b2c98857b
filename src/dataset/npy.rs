//! `.npy` files, as numpy.save writes them.

use npyz::{DType, NpyFile, Order, TypeChar};

use super::columns::{Dataset, Features, Shape, Target, Values};
use super::error::DatasetError;
use crate::matrix::DatasetSpec;

/// A matrix of numbers, row by row.
struct Array {
    rows: usize,
    columns: usize,
    values: Values,
    shape: Shape,
}

pub(super) fn parse(
    spec: &DatasetSpec,
    bytes: &[u8],
    target_bytes: Option<&[u8]>,
) -> Result<Dataset, DatasetError> {
    let x = Reader { spec, what: "" }.array(bytes)?;
    let names = (0..x.columns).map(|index| format!("x{index}")).collect();
    let target = match (spec.target.first(), target_bytes) {
        (Some(path), Some(bytes)) => {
            let what = format!("the target `{path}`: ");
            let y = Reader { spec, what: &what }.array(bytes)?;
            if y.rows != x.rows {
                return Err(DatasetError::of_file(
                    spec,
                    format!("{what}it has {} rows, and the features have {}", y.rows, x.rows),
                    "save both from the same rows",
                ));
            }
            let names = match y.columns {
                1 => vec!["y".to_owned()],
                count => (0..count).map(|index| format!("y{index}")).collect(),
            };
            // Targets are float64, int64 or text.
            let values = match y.values {
                Values::F32(values) => Values::F64(values.into_iter().map(f64::from).collect()),
                other => other,
            };
            Some(Target { names, values })
        }
        (Some(path), None) => {
            return Err(DatasetError::of_file(
                spec,
                format!("the target `{path}` is declared, but could not be read"),
                "check that the file is there",
            ));
        }
        (None, _) => None,
    };
    Ok(Dataset {
        rows: x.rows,
        features: Features::Array { names, values: x.values, shape: x.shape, read_as: Vec::new() },
        target,
        dataframe: spec.dataframe,
        named: false,
        form: None,
    })
}

struct Reader<'a> {
    spec: &'a DatasetSpec,
    /// Which of the two files, at the beginning of a message.
    what: &'a str,
}

impl Reader<'_> {
    fn wrong(&self, message: impl std::fmt::Display, help: &str) -> DatasetError {
        DatasetError::of_file(self.spec, format!("{}{message}", self.what), help)
    }

    fn array(&self, bytes: &[u8]) -> Result<Array, DatasetError> {
        let damaged = |message: &str| self.wrong(message, "save it again with numpy.save");
        let header =
            header_text(bytes).ok_or_else(|| damaged("this is not a .npy file, or it is cut off"))?;
        // Multiplied here first, because a shape made to overflow must not get further.
        let claimed = shape_product(header).filter(|&count| count <= bytes.len() as u64);
        if claimed.is_none() {
            return Err(damaged("the header claims more values than the file holds"));
        }
        let file = NpyFile::new(bytes).map_err(|error| damaged(&format!("the header is wrong: {error}")))?;
        let shape = file.shape().to_vec();
        let Some((rows, rest)) = shape.split_first() else {
            return Err(self.wrong("it holds one value alone", "save an array: a row for each sample"));
        };
        // The product of all was looked at above.
        let (rows, columns) = (*rows as usize, rest.iter().product::<u64>() as usize);
        if rows == 0 || columns == 0 {
            return Err(self.wrong("it holds no values", "save at least one row and one column"));
        }
        let transposed = file.order() == Order::Fortran && shape.len() > 1;
        let values = self.values(file)?;
        if values.len() != rows * columns {
            return Err(damaged("the file holds fewer values than its header claims"));
        }
        let values = if transposed { in_c_order(values, &shape) } else { values };
        let shape = if shape.len() == 2 { Shape::Rows } else { Shape::Own(shape) };
        Ok(Array { rows, columns, values, shape })
    }

    fn values(&self, file: NpyFile<&[u8]>) -> Result<Values, DatasetError> {
        let dtype = file.dtype();
        let DType::Plain(plain) = &dtype else {
            return Err(self.wrong("it holds records with named fields", "save a plain array of numbers"));
        };
        fn read<T: npyz::Deserialize, U>(file: NpyFile<&[u8]>, widen: fn(T) -> U) -> std::io::Result<Vec<U>> {
            Ok(file.into_vec::<T>()?.into_iter().map(widen).collect())
        }
        let values = match (plain.type_char(), plain.size_field()) {
            (TypeChar::Float, 8) => read::<f64, _>(file, |value| value).map(Values::F64),
            (TypeChar::Float, 4) => read::<f32, _>(file, |value| value).map(Values::F32),
            (TypeChar::Int, 8) => read::<i64, _>(file, |value| value).map(Values::I64),
            (TypeChar::Int, 4) => read::<i32, _>(file, i64::from).map(Values::I64),
            (TypeChar::Int, 2) => read::<i16, _>(file, i64::from).map(Values::I64),
            (TypeChar::Int, 1) => read::<i8, _>(file, i64::from).map(Values::I64),
            (TypeChar::Uint, 4) => read::<u32, _>(file, i64::from).map(Values::I64),
            (TypeChar::Uint, 2) => read::<u16, _>(file, i64::from).map(Values::I64),
            (TypeChar::Uint, 1) => read::<u8, _>(file, i64::from).map(Values::I64),
            (TypeChar::Bool, _) => read::<bool, _>(file, i64::from).map(Values::I64),
            (TypeChar::Object, _) => {
                return Err(self.wrong(
                    "it holds Python objects, which are pickled inside and would have to be executed",
                    "save numbers (`array.astype(float)`), or texts as CSV",
                ));
            }
            _ => {
                return Err(self.wrong(
                    format!("its type `{}` is not supported", dtype.descr()),
                    "save it as float64, float32 or int64; texts as CSV",
                ));
            }
        };
        values.map_err(|error| self.wrong(format!("its data cannot be read: {error}"), "save it again"))
    }
}

/// The header of a `.npy` file: magic, version, length, text.
fn header_text(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (length, start): (usize, usize) = match rest.first()? {
        1 => (usize::from(u16::from_le_bytes(rest.get(2..4)?.try_into().ok()?)), 4),
        _ => (u32::from_le_bytes(rest.get(2..6)?.try_into().ok()?) as usize, 6),
    };
    std::str::from_utf8(rest.get(start..start.checked_add(length)?)?).ok()
}

/// The product of the numbers in `'shape': (...)`, which must not overflow even where one of them is 0.
fn shape_product(header: &str) -> Option<u64> {
    let (_, after) = header.split_once("shape")?;
    let (_, after) = after.split_once('(')?;
    let (inside, _) = after.split_once(')')?;
    let numbers = inside.split(',').map(str::trim).filter(|number| !number.is_empty());
    numbers
        .map(|number| number.trim_end_matches(['L', 'l']).parse::<u64>().ok())
        .try_fold(1u64, |product, number| product.checked_mul(number?.max(1)))
}

/// Values whose first index runs fastest, with the last one running fastest.
fn in_c_order(values: Values, shape: &[u64]) -> Values {
    /// Index after index of the array in C order is moved one on, and its place in the other order with it.
    fn turned<T: Copy>(values: &[T], shape: &[u64]) -> Vec<T> {
        let mut steps = vec![1usize; shape.len()];
        for axis in 1..shape.len() {
            steps[axis] = steps[axis - 1] * shape[axis - 1] as usize;
        }
        let mut index = vec![0u64; shape.len()];
        let mut place = 0;
        let mut turned = Vec::with_capacity(values.len());
        for _ in 0..values.len() {
            turned.push(values[place]);
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                place += steps[axis];
                if index[axis] < shape[axis] {
                    break;
                }
                place -= steps[axis] * shape[axis] as usize;
                index[axis] = 0;
            }
        }
        turned
    }
    match values {
        Values::F64(values) => Values::F64(turned(&values, shape)),
        Values::F32(values) => Values::F32(turned(&values, shape)),
        Values::I64(values) => Values::I64(turned(&values, shape)),
        other => other,
    }
}
