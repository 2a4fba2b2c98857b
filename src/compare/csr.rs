//! Sparse rows, checked in full before use.

use super::damage::Damage;

/// A sparse matrix whose structure has been checked: row pointers never fall and end at the number of stored
/// values; columns rise in each row and lie in range.
#[derive(Clone, Copy)]
pub(super) struct Csr<'a> {
    /// Number of columns.
    columns: usize,
    pointers: &'a [[u8; 8]],
    indices: &'a [[u8; 8]],
    values: &'a [[u8; 8]],
}

impl<'a> Csr<'a> {
    /// Reads the header and checks the structure against `shape`.
    pub(super) fn new(bytes: &'a [u8], shape: &[u64]) -> Result<Self, Damage> {
        let (words, rest) = bytes.as_chunks::<8>();
        let damage = |what: String| Err(Damage(format!("sparse rows: {what}")));
        let ([rows, columns, stored], body) = match words {
            [rows, columns, stored, body @ ..] => {
                ([rows, columns, stored].map(|w| u64::from_le_bytes(*w)), body)
            }
            _ => return damage(format!("{} bytes are too few for a header", bytes.len())),
        };
        if shape != [rows, columns] {
            return damage(format!("the header says {rows} x {columns}, the shape {shape:?}"));
        }
        // In words: rows + 1 pointers, then as many indices as values. The sum is checked in 128 bits, so that
        // no header can overflow it, and equality with the length at hand bounds every part.
        let wanted = u128::from(rows) + 1 + 2 * u128::from(stored);
        if !rest.is_empty() || wanted != body.len() as u128 {
            return damage(format!(
                "{} bytes do not hold {rows} rows with {stored} stored values",
                bytes.len()
            ));
        }
        // Both fit: they are parts of a length that does.
        let (pointers, body) = body.split_at(rows as usize + 1);
        let (indices, values) = body.split_at(stored as usize);
        let csr = Self { columns: usize::try_from(columns).unwrap_or(usize::MAX), pointers, indices, values };
        csr.check(stored)?;
        Ok(csr)
    }

    fn check(&self, stored: u64) -> Result<(), Damage> {
        let damage = |what: String| Err(Damage(format!("sparse rows: {what}")));
        let ends =
            [self.pointers.first(), self.pointers.last()].map(|end| end.map(|w| u64::from_le_bytes(*w)));
        if ends != [Some(0), Some(stored)] {
            return damage(format!("row pointers do not run from 0 to {stored}"));
        }
        if self.pointers.windows(2).any(|pair| u64::from_le_bytes(pair[0]) > u64::from_le_bytes(pair[1])) {
            return damage("row pointers fall".to_owned());
        }
        for row in 0..self.rows() {
            let columns = &self.indices[self.span(row)];
            let rising = columns.windows(2).all(|pair| number(pair[0]) < number(pair[1]));
            let within = columns.last().is_none_or(|last| u64::from_le_bytes(*last) < self.columns as u64);
            if !rising || !within {
                return damage(format!("the columns of row {row} do not rise below {}", self.columns));
            }
        }
        Ok(())
    }

    fn rows(&self) -> usize {
        self.pointers.len() - 1
    }

    fn span(&self, row: usize) -> std::ops::Range<usize> {
        number(self.pointers[row])..number(self.pointers[row + 1])
    }

    /// The column and value of one stored element.
    fn entry(&self, stored: usize) -> (usize, f64) {
        (number(self.indices[stored]), f64::from_le_bytes(self.values[stored]))
    }

    /// The stored values in order.
    pub(super) fn stored(&self) -> impl Iterator<Item = f64> + 'a {
        self.values.iter().map(|bytes| f64::from_le_bytes(*bytes))
    }

    /// The element at `index` in C order, for a walk over all of them: `stored` starts at 0 and stays with the
    /// walk.
    pub(super) fn walk(&self, index: usize, stored: &mut usize) -> f64 {
        // An element exists, so there is at least one column.
        let (row, column) = (index / self.columns, index % self.columns);
        let span = self.span(row);
        if *stored < span.end {
            let (at, value) = self.entry(*stored);
            if at == column {
                *stored += 1;
                return value;
            }
        }
        0.0
    }

    /// Calls `visit` with index in C order and both values for every position that is stored on either side,
    /// in order; what one side does not store is 0. Both have the same shape.
    pub(super) fn merge(&self, other: &Csr<'_>, mut visit: impl FnMut(u64, f64, f64)) {
        for row in 0..self.rows() {
            let (mut left, mut right) = (self.span(row), other.span(row));
            let first = row as u64 * self.columns as u64;
            while !(left.is_empty() && right.is_empty()) {
                let next = |csr: &Csr<'_>, span: &std::ops::Range<usize>| {
                    if span.is_empty() { (usize::MAX, 0.0) } else { csr.entry(span.start) }
                };
                let ((i, a), (j, b)) = (next(self, &left), next(other, &right));
                let column = i.min(j);
                if i == column {
                    left.start += 1;
                }
                if j == column {
                    right.start += 1;
                }
                let a = if i == column { a } else { 0.0 };
                let b = if j == column { b } else { 0.0 };
                visit(first + column as u64, a, b);
            }
        }
    }
}

/// A row pointer or column that has been checked, or is about to be: nothing is read at it before.
fn number(bytes: [u8; 8]) -> usize {
    usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX)
}
