//! Expected values as people keep them, before they are compared with what a model gives: labels of another type are the
//! same labels, columns of probabilities stand in the order of the classes, and what no such model can give is mistyped.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::array::{Array, Blobs};
use super::damage::Damage;
use super::labels::{Known, is_missing, is_text, number};
use super::output;
use super::value::{Value, plain};
use crate::vocab::{ByOutput, Digest, Encoding, Mismatch, Mistyped, OutputComparison, OutputKind, OutputRef};

/// By output, the class that each of its columns is headed with; nothing where none has a heading.
pub type ExpectedColumns = BTreeMap<String, Vec<Option<String>>>;

/// How far the probabilities of a row may be from 1, as computed and as written down with two digits.
const NEARLY_ONE: f64 = 1e-3;
const ROUNDED: f64 = 0.005;

/// What became of an expected output.
enum Fitted {
    /// It can be compared as it is.
    AsItIs,
    /// It is read like this; its bytes where they are others.
    Written(OutputRef, Option<Vec<u8>>),
    /// No such model gives it.
    Wrong { how: Mistyped, row: Option<usize>, column: Option<usize> },
}

fn wrong(how: Mistyped, row: impl Into<Option<usize>>, column: impl Into<Option<usize>>) -> Fitted {
    Fitted::Wrong { how, row: row.into(), column: column.into() }
}

/// The output that tells the classes of what an output predicts.
fn classes_of(name: &str) -> String {
    let (path, own) = name.split_at(name.rfind('/').map_or(0, |at| at + 1));
    let suffix = own.find('[').map_or("", |at| &own[at..]);
    format!("{path}classes_{suffix}")
}

/// Whether equal bytes say everything: columns that classes head may stand in another order all the same.
fn is_settled(given: &OutputRef, seen: &OutputRef, columns: &[Option<String>]) -> bool {
    output::same(given, seen) && columns.iter().all(Option::is_none)
}

/// Digests of the blobs that [`fit`] reads beside those of the comparison itself.
pub fn needed_to_fit(
    reference: &ByOutput<OutputRef>,
    observed: &ByOutput<OutputRef>,
    expected: &ExpectedColumns,
) -> Vec<Digest> {
    let mut digests = Vec::new();
    for (name, columns) in expected {
        if let (Some(given), Some(seen)) = (reference.get(name), observed.get(name))
            && !is_settled(given, seen, columns)
        {
            digests.extend([given.digest, seen.digest]);
            digests.extend(observed.get(&classes_of(name)).map(|classes| classes.digest));
        }
    }
    digests
}

/// Puts what expected outputs mean in the place of what is written down, and takes those out that no such model gives,
/// with how they compare. `blobs` holds the bytes of both sides and of the observed classes.
pub fn fit(
    reference: &mut ByOutput<OutputRef>,
    observed: &ByOutput<OutputRef>,
    expected: &ExpectedColumns,
    blobs: &mut Blobs,
) -> ByOutput<OutputComparison> {
    let mut mistyped = ByOutput::new();
    for (name, columns) in expected {
        let (Some(given), Some(seen)) = (reference.get(name), observed.get(name)) else { continue };
        if is_settled(given, seen, columns) {
            continue;
        }
        let bytes =
            |output: &OutputRef| blobs.get(&output.digest).map(|bytes| (output.clone(), Arc::clone(bytes)));
        let (Some(given), Some(seen)) = (bytes(given), bytes(seen)) else { continue };
        let classes = observed.get(&classes_of(name)).and_then(bytes);
        let classes = classes.as_ref().and_then(|(output, bytes)| Known::of(output, bytes));
        let own = Output { name, columns, classes: classes.as_ref() };
        match own.fitted((&given.0, &given.1), (&seen.0, &seen.1)) {
            Fitted::AsItIs => {}
            Fitted::Written(output, None) => {
                reference.insert(name.clone(), output);
            }
            Fitted::Written(output, Some(bytes)) => {
                let output = OutputRef { digest: Digest::of(&bytes), ..output };
                blobs.insert(output.digest, bytes.into());
                reference.insert(name.clone(), output);
            }
            Fitted::Wrong { how, row, column } => {
                let others = reference.iter().filter(|(known, _)| *known != name);
                *reference = others.map(|(name, it)| (name.clone(), it.clone())).collect();
                let place = |at: Option<usize>| at.map(|at| at as u64);
                let mismatch = Mismatch::Mistyped { how, row: place(row), column: place(column) };
                mistyped.insert(name.clone(), output::mismatched(&given.0, &seen.0, mismatch));
            }
        }
    }
    mistyped
}

/// An output that somebody expects.
struct Output<'a> {
    name: &'a str,
    columns: &'a [Option<String>],
    classes: Option<&'a Known<'a>>,
}

/// A side: how its bytes are read, and they.
type Side<'a> = (&'a OutputRef, &'a [u8]);

impl Output<'_> {
    fn fitted(&self, given: Side<'_>, seen: Side<'_>) -> Fitted {
        if [given, seen].iter().any(|side| side.0.encoding == Encoding::Csr) {
            return Fitted::AsItIs;
        }
        // What is damaged is told by the comparison.
        let (Ok(left), Ok(right)) = (Array::new(given.0, given.1), Array::new(seen.0, seen.1)) else {
            return Fitted::AsItIs;
        };
        let (Ok(left), Ok(right)) = (values(&left), values(&right)) else { return Fitted::AsItIs };
        let order = match self.order() {
            Ok(order) => order,
            Err((column, how)) => return wrong(how, None, column),
        };
        let shape = match self.shape(&given.0.shape, &seen.0.shape) {
            Ok(shape) => shape,
            Err(how) => return wrong(how, None, None),
        };
        let like = OutputRef { shape, kind: seen.0.kind, ..given.0.clone() };
        let width = like.shape.get(1).map_or(1, |width| *width as usize).max(1);
        // What a program has written holds what it meant.
        let may_lack = seen.0.kind == OutputKind::Label || !self.columns.is_empty();
        if let Some(at) = left.iter().position(|value| is_missing(*value))
            && may_lack
            && !right.get(at).is_some_and(|value| is_missing(*value))
            && !self.name.ends_with("transform")
        {
            return wrong(Mistyped::Missing, at / width, at % width);
        }
        match seen.0.kind {
            OutputKind::Label => self.labels(given, seen, (&left, &right), like, width),
            OutputKind::Continuous => self.numbers(given, seen, (&left, &right), like, order, width),
        }
    }

    /// The place in the model's order of each column, where headings say it; the first column whose class is unknown.
    fn order(&self) -> Result<Option<Vec<usize>>, (usize, Mistyped)> {
        let Some(classes) = self.classes else { return Ok(None) };
        let unknown = |column: usize, class: &str| {
            let classes = classes.shown(Mistyped::MOST_CLASSES + 1);
            (column, Mistyped::NoSuchClass { class: class.to_owned(), classes })
        };
        // One column of two probabilities: the first one was made of it.
        if let [None, Some(class)] = self.columns {
            return match classes.named(class) {
                Some(0) => Ok(Some(vec![1, 0])),
                Some(_) => Ok(None),
                None if class.parse::<usize>().is_ok() => Ok(None),
                None => Err(unknown(1, class)),
            };
        }
        let named: Vec<&str> = self.columns.iter().flatten().map(String::as_str).collect();
        if named.is_empty() || named.len() < self.columns.len() {
            return Ok(None);
        }
        let places: Vec<Option<usize>> = named.iter().map(|class| classes.named(class)).collect();
        let Some(lacking) = places.iter().position(Option::is_none) else {
            let places: Vec<usize> = places.into_iter().flatten().collect();
            let is_each = (0..places.len()).all(|at| places.contains(&at));
            return Ok(Some(places).filter(|_| is_each));
        };
        // Columns may be counted instead of named.
        let counted =
            |first: usize| named.iter().enumerate().all(|(at, class)| class.parse() == Ok(at + first));
        if named.len() == classes.len() && (counted(0) || counted(1)) {
            return Ok(None);
        }
        Err(unknown(lacking, named[lacking]))
    }

    /// The shape that is compared. A table does not say whether one column is a row of its own.
    fn shape(&self, given: &[u64], seen: &[u64]) -> Result<Vec<u64>, Mistyped> {
        let (rows, observed) = (given.first().copied().unwrap_or(0), seen.first().copied().unwrap_or(0));
        if rows != observed {
            return Err(Mistyped::Rows { expected: rows, observed });
        }
        let is_one = |shape: &[u64]| matches!(shape, [_] | [_, 1]);
        if is_one(given) && is_one(seen) && !self.columns.is_empty() {
            return Ok(seen.to_vec());
        }
        let width = |shape: &[u64]| match shape {
            [_] => Some(1),
            [_, width] => Some(*width),
            _ => None,
        };
        match (width(given), width(seen)) {
            (Some(expected), Some(observed)) if expected != observed => {
                Err(Mistyped::Columns { expected, observed })
            }
            _ => Ok(given.to_vec()),
        }
    }

    fn labels(
        &self,
        given: Side<'_>,
        seen: Side<'_>,
        (left, right): (&[Value<'_>], &[Value<'_>]),
        like: OutputRef,
        width: usize,
    ) -> Fitted {
        // Several labels a row are not those that `classes_` lists.
        let is_listed =
            |classes: &&Known<'_>| width == 1 && right.iter().all(|it| classes.find(*it).is_some());
        if let Some(classes) = self.classes.filter(is_listed) {
            let places: Vec<Option<usize>> = left.iter().map(|value| classes.find(*value)).collect();
            let Some(row) = places.iter().position(Option::is_none) else {
                let places: Vec<usize> = places.into_iter().flatten().collect();
                let (output, bytes) = classes.written(&places, &like);
                return Fitted::Written(output, Some(bytes));
            };
            let how = Mistyped::Labels {
                value: plain(left[row], false),
                count: places.iter().filter(|place| place.is_none()).count() as u64,
                classes: classes.shown(Mistyped::MOST_CLASSES + 1),
            };
            return wrong(how, row, 0);
        }
        let kinds = [left, right].map(|side| side.iter().any(|value| is_text(*value)));
        let first = |text: bool| left.iter().position(|value| is_text(*value) == text).unwrap_or(0);
        match kinds {
            [true, false] => {
                let at = first(true);
                wrong(Mistyped::Text { value: plain(left[at], false) }, at / width, at % width)
            }
            [false, true] => {
                let at = first(false);
                wrong(Mistyped::Number { value: plain(left[at], false) }, at / width, at % width)
            }
            // Numbers in texts on one side alone are written as the other side has them.
            [false, false] if seen.0.encoding == Encoding::Text && given.0.encoding != Encoding::Text => {
                let texts: Vec<u8> = left.iter().flat_map(|value| tagged(&plain(*value, false))).collect();
                let (encoding, dtype) = (Encoding::Text, seen.0.dtype.clone());
                Fitted::Written(OutputRef { encoding, dtype, ..like }, Some(texts))
            }
            [false, false] if given.0.encoding == Encoding::Text && seen.0.encoding != Encoding::Text => {
                written_as_doubles(like, left.iter().filter_map(|value| number(*value)))
            }
            [true, true] | [false, false] => kept(like, given),
        }
    }

    fn numbers(
        &self,
        given: Side<'_>,
        seen: Side<'_>,
        (left, right): (&[Value<'_>], &[Value<'_>]),
        like: OutputRef,
        order: Option<Vec<usize>>,
        width: usize,
    ) -> Fitted {
        let place = |at: usize| (at / width, at % width);
        if let Some(at) = left.iter().position(|value| is_text(*value)) {
            let (row, column) = place(at);
            return wrong(Mistyped::Text { value: plain(left[at], false) }, row, column);
        }
        let numbers =
            |side: &[Value<'_>]| side.iter().map(|value| number(*value).unwrap_or(f64::NAN)).collect();
        let (own, others): (Vec<f64>, Vec<f64>) = (numbers(left), numbers(right));
        if self.name.ends_with("predict_proba")
            && let Some((how, at)) = improbable(&own, &others, width)
        {
            let (row, column) = place(at);
            return match how {
                Mistyped::Sum { .. } => wrong(how, row, None),
                how => wrong(how, row, column),
            };
        }
        let is_double = seen.0.encoding == Encoding::F64 && given.0.encoding != Encoding::F32;
        let order = order.filter(|order| order.len() == width);
        if order.is_none() && (given.0.encoding == seen.0.encoding || !is_double) {
            return kept(like, given);
        }
        let mut arranged = own.clone();
        for (at, number) in own.iter().enumerate() {
            let column = order.as_ref().map_or(at % width, |order| order[at % width]);
            arranged[at / width * width + column] = *number;
        }
        written_as_doubles(like, arranged.into_iter())
    }
}

/// With the bytes that it has.
fn kept(like: OutputRef, given: Side<'_>) -> Fitted {
    if like == *given.0 { Fitted::AsItIs } else { Fitted::Written(like, None) }
}

fn written_as_doubles(like: OutputRef, numbers: impl Iterator<Item = f64>) -> Fitted {
    let bytes = numbers.flat_map(f64::to_le_bytes).collect();
    Fitted::Written(OutputRef { encoding: Encoding::F64, dtype: "float64".to_owned(), ..like }, Some(bytes))
}

/// A text as an element of an array of texts.
fn tagged(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u32 + 2).to_le_bytes().to_vec();
    bytes.extend_from_slice(b"s:");
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn values<'a>(array: &Array<'a>) -> Result<Vec<Value<'a>>, Damage> {
    array.values().collect()
}

/// The first probability that is none, or the first row that does not add up to 1 where all of the model's do.
fn improbable(own: &[f64], seen: &[f64], width: usize) -> Option<(Mistyped, usize)> {
    let is_share = |number: &f64| (-ROUNDED..=1.0 + ROUNDED).contains(number);
    if seen.iter().all(is_share)
        && let Some(at) = own.iter().position(|number| !is_share(number))
    {
        return Some((Mistyped::Range { value: shown(own[at]) }, at));
    }
    let is_whole = |row: &[f64], near: f64| (row.iter().sum::<f64>() - 1.0).abs() <= near;
    if width < 2 || !seen.chunks(width).all(|row| is_whole(row, NEARLY_ONE)) {
        return None;
    }
    let row = own.chunks(width).position(|row| !is_whole(row, NEARLY_ONE + ROUNDED * width as f64))?;
    let sum: f64 = own[row * width..(row + 1) * width].iter().sum();
    Some((Mistyped::Sum { value: shown(sum) }, row * width))
}

/// A number with the digits that somebody would have typed.
fn shown(number: f64) -> String {
    let short = format!("{number:.6}");
    short.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> (OutputRef, Vec<u8>) {
        let bytes = values.iter().flat_map(|value| tagged(value)).collect();
        array(Encoding::Text, OutputKind::Label, vec![values.len() as u64], bytes)
    }

    fn whole(values: &[i64]) -> (OutputRef, Vec<u8>) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        array(Encoding::I64, OutputKind::Label, vec![values.len() as u64], bytes)
    }

    fn doubles(values: &[f64], width: u64) -> (OutputRef, Vec<u8>) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let rows = values.len() as u64 / width;
        let shape = if width == 1 { vec![rows] } else { vec![rows, width] };
        array(Encoding::F64, OutputKind::Continuous, shape, bytes)
    }

    fn array(encoding: Encoding, kind: OutputKind, shape: Vec<u64>, bytes: Vec<u8>) -> (OutputRef, Vec<u8>) {
        (OutputRef { digest: Digest::of(&bytes), encoding, kind, dtype: "x".to_owned(), shape }, bytes)
    }

    type Made = (OutputRef, Vec<u8>);

    /// How what is expected compares, with the classes that head its columns.
    fn compared(
        name: &str,
        given: Made,
        heads: &[Option<&str>],
        seen: Made,
        classes: Option<Made>,
    ) -> OutputComparison {
        let mut blobs = Blobs::new();
        let mut kept = |(output, bytes): Made| {
            blobs.insert(output.digest, bytes.into());
            output
        };
        let mut reference = ByOutput::from([(name.to_owned(), kept(given))]);
        let seen = [(name.to_owned(), kept(seen))].into_iter();
        let observed = seen.chain(classes.map(|classes| ("classes_".to_owned(), kept(classes)))).collect();
        let heads = heads.iter().map(|head| head.map(str::to_owned)).collect();
        let expected = BTreeMap::from([(name.to_owned(), heads)]);
        let mistyped = fit(&mut reference, &observed, &expected, &mut blobs);
        let tolerance = |_: &str, _| crate::vocab::Tolerance::FLOAT64;
        let compared = super::super::compare_cell(&reference, &observed, &blobs, &tolerance);
        let found = mistyped.get(name).or_else(|| compared.get(name));
        found.expect("every output of the reference is compared").clone()
    }

    fn labels(given: Made, seen: Made, classes: Made) -> OutputComparison {
        compared("predict", given, &[None], seen, Some(classes))
    }

    fn how(comparison: OutputComparison) -> (Mistyped, Option<u64>, Option<u64>) {
        match comparison.mismatch {
            Some(Mismatch::Mistyped { how, row, column }) => (how, row, column),
            other => panic!("not mistyped: {other:?}, {:?}", comparison.agreement),
        }
    }

    #[test]
    fn labels_of_another_type_are_the_same_labels() {
        use crate::vocab::Agreement::{BitEqual, Outside};
        let same = |given: Made, seen: Made, classes: Made| labels(given, seen, classes).agreement;
        assert_eq!(same(texts(&["0", "1"]), whole(&[0, 1]), whole(&[0, 1])), BitEqual);
        assert_eq!(same(doubles(&[0.0, 1.0], 1), whole(&[0, 1]), whole(&[0, 1])), BitEqual);
        assert_eq!(same(whole(&[0, 1]), texts(&["0", "1"]), texts(&["0", "1"])), BitEqual);
        assert_eq!(same(texts(&["TRUE", "False"]), whole(&[1, 0]), whole(&[0, 1])), BitEqual);
        assert_eq!(same(texts(&["1.0", "0.0"]), texts(&["1", "0"]), texts(&["0", "1"])), BitEqual);
        // One that flips is drift and nothing else.
        assert_eq!(same(texts(&["0", "1"]), whole(&[0, 0]), whole(&[0, 1])), Outside);
    }

    #[test]
    fn a_label_that_is_no_class_is_named_by_its_row() {
        let (what, row, _) = how(labels(texts(&["no", "yes"]), whole(&[0, 1]), whole(&[0, 1])));
        assert_eq!(row, Some(0));
        let classes = vec!["0".to_owned(), "1".to_owned()];
        assert_eq!(what, Mistyped::Labels { value: "no".to_owned(), count: 2, classes });
        let (_, row, _) = how(labels(whole(&[1, 2]), whole(&[1, 0]), whole(&[0, 1])));
        assert_eq!(row, Some(1));
        let (what, row, _) =
            how(labels(texts(&["a", "b", "A"]), texts(&["a", "b", "a"]), texts(&["a", "b"])));
        assert!(matches!(what, Mistyped::Labels { count: 1, .. }) && row == Some(2));
        let (what, row, _) = how(labels(doubles(&[1.0, f64::NAN], 1), whole(&[1, 0]), whole(&[0, 1])));
        assert!(matches!(what, Mistyped::Missing) && row == Some(1));
    }

    #[test]
    fn without_classes_texts_and_numbers_are_told_apart() {
        let (what, row, _) =
            how(compared("predict", texts(&["1.5", "red"]), &[None], doubles(&[1.5, 2.0], 1), None));
        assert!(matches!(what, Mistyped::Text { .. }) && row == Some(1));
        let (what, ..) = how(compared("predict", whole(&[1, 2]), &[None], texts(&["a", "b"]), None));
        assert!(matches!(what, Mistyped::Number { .. }));
        let same = compared("predict", whole(&[1, 2]), &[None], doubles(&[1.0, 2.0], 1), None);
        assert_eq!(same.agreement, crate::vocab::Agreement::BitEqual);
        let column = array(Encoding::F64, OutputKind::Continuous, vec![2, 1], doubles(&[1.0, 2.0], 1).1);
        let same = compared("predict", doubles(&[1.0, 2.0], 1), &[None], column, None);
        assert_eq!(same.agreement, crate::vocab::Agreement::BitEqual, "a table has no other way to say it");
        let (what, ..) = how(compared("predict", whole(&[1]), &[None], doubles(&[1.0, 2.0], 1), None));
        assert_eq!(what, Mistyped::Rows { expected: 1, observed: 2 });
    }

    #[test]
    fn columns_of_probabilities_stand_where_their_classes_do() {
        use crate::vocab::Agreement::BitEqual;
        let seen = || doubles(&[0.25, 0.75, 1.0, 0.0], 2);
        let of = |given: Made, heads: &[Option<&str>], classes: Made| {
            compared("predict_proba", given, heads, seen(), Some(classes))
        };
        let swapped = || doubles(&[0.75, 0.25, 0.0, 1.0], 2);
        // As texts, 10 comes before 9.
        let classes = || texts(&["10", "9"]);
        assert_eq!(of(swapped(), &[Some("9"), Some("10")], classes()).agreement, BitEqual);
        assert_eq!(of(swapped(), &[None, Some("a")], texts(&["a", "b"])).agreement, BitEqual);
        assert_eq!(of(seen(), &[Some("0"), Some("1")], texts(&["a", "b"])).agreement, BitEqual, "counted");
        let (what, _, column) = how(of(swapped(), &[Some("a"), Some("c")], texts(&["a", "b"])));
        assert!(matches!(what, Mistyped::NoSuchClass { class, .. } if class == "c") && column == Some(1));
        let three = doubles(&[0.25, 0.5, 0.25, 0.0, 1.0, 0.0], 3);
        let (what, ..) = how(of(three, &[None, None, None], texts(&["a", "b"])));
        assert_eq!(what, Mistyped::Columns { expected: 3, observed: 2 });
        let (what, row, column) = how(of(doubles(&[0.25, 0.75, 75.0, 25.0], 2), &[], texts(&["a", "b"])));
        assert!(matches!(what, Mistyped::Range { .. }) && (row, column) == (Some(1), Some(0)));
        let (what, row, _) = how(of(doubles(&[0.25, 0.75, 0.5, 0.4], 2), &[], texts(&["a", "b"])));
        assert_eq!((what, row), (Mistyped::Sum { value: "0.9".to_owned() }, Some(1)));
        let rounded = of(doubles(&[0.25, 0.745, 1.0, 0.0], 2), &[], texts(&["a", "b"]));
        assert_eq!(
            rounded.agreement,
            crate::vocab::Agreement::Outside,
            "digits that are missing are no mistype"
        );
    }
}
