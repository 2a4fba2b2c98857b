//! Expected values in a table, as people keep them: a column of labels, columns of probabilities, or plain numbers.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use super::arrays::{Arrays, of_dataset, output, spec};
use super::outputs::{meaning, part};
use crate::dataset::{self, Column, Dataset, DatasetError, Features, Shape, Values};
use crate::matrix::{DatasetSpec, ExpectedOutput};

/// How far probabilities that were rounded to two digits may be from what they are, and what computing them leaves.
const ROUNDED: f64 = 0.005;
const SUMMED: f64 = 1e-3;

/// Expected values, and where they stand.
#[derive(Debug, Default)]
pub(super) struct ExpectedValues {
    /// By output.
    pub outputs: BTreeMap<String, ExpectedOutput>,
    /// By output, the headings of its columns.
    pub columns: BTreeMap<String, Vec<String>>,
}

impl ExpectedValues {
    fn of(outputs: BTreeMap<String, ExpectedOutput>) -> Self {
        Self { outputs, columns: BTreeMap::new() }
    }

    /// Adds an output with its columns: the class that heads each, where one does, and its heading.
    fn add(&mut self, name: &str, output: ExpectedOutput, columns: Vec<(Option<String>, String)>) {
        let (classes, headings) = columns.into_iter().unzip();
        self.outputs.insert(name.to_owned(), ExpectedOutput { classes, ..output });
        self.columns.insert(name.to_owned(), headings);
    }
}

/// The expected values in a `.npy`, `.csv`, `.parquet` or `.json`.
///
/// # Errors
/// What is wrong with the file, and where in it.
pub(super) fn of_file(path: &Path, bytes: &[u8]) -> Result<ExpectedValues, DatasetError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let spec = spec("expected values", path);
    let wrong = |says: String| DatasetError::of_file(&spec, says, "correct the file");
    match extension.as_deref() {
        Some("json") => {
            let value = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
            Ok(ExpectedValues::of(Arrays::of_json(&value).map_err(wrong)?.outputs()))
        }
        Some("npy") => {
            let output = of_dataset(dataset::parse(&spec, bytes, None)?).map_err(wrong)?;
            Ok(ExpectedValues::of(BTreeMap::from([("predict".to_owned(), output)])))
        }
        Some("csv" | "parquet") => of_table(path, bytes),
        _ => Err(wrong("it is not a .npy, .csv, .parquet or .json file".to_owned())),
    }
}

/// The expected values in a `.csv` or `.parquet`.
fn of_table(path: &Path, bytes: &[u8]) -> Result<ExpectedValues, DatasetError> {
    let spec = spec("expected values", path);
    // First as it is, to know the headings; then with the types that they ask for.
    let first = dataset::parse(&spec, bytes, None)?;
    let headings = headings(&first);
    let mut dtypes = BTreeMap::new();
    for name in &headings {
        let is_number = part(name).is_some() || meaning(name).is_some_and(|output| output != "predict");
        if is_number {
            dtypes.insert(name.clone(), "float64".to_owned());
        }
    }
    let spec = DatasetSpec { dtypes, dataframe: true, ..spec };
    let advice = "correct the value there: a column of probabilities or scores holds numbers";
    let parsed = dataset::parse(&spec, bytes, None).map_err(|error| error.advised(advice))?;
    let columns = columns(parsed);
    for column in &columns {
        sound(&spec, column)?;
    }
    let known = headings.iter().any(|name| part(name).is_some())
        || headings.iter().filter(|name| meaning(name).is_some()).count() == headings.len();
    // One column is what predict gives, whatever it is called, unless it is called a probability.
    let is_share = |name: &String| name.len() > 1 && output_of(name) == Some("predict_proba");
    if !known || (headings.len() == 1 && !headings.iter().any(is_share)) {
        return plain(&spec, columns);
    }
    named(&spec, columns)
}

/// Columns that say nothing about outputs: those of `predict`.
fn plain(spec: &DatasetSpec, columns: Vec<Column>) -> Result<ExpectedValues, DatasetError> {
    let mut found = ExpectedValues::default();
    let rows = columns.first().map_or(0, |column| column.values.len());
    let name = match columns.as_slice() {
        [only] => meaning(&only.name).filter(|output| *output != "predict_proba").unwrap_or("predict"),
        _ => "predict",
    };
    let headings: Vec<(Option<String>, String)> =
        columns.iter().map(|column| (None, column.name.clone())).collect();
    if let [only] = columns.as_slice() {
        let one = whole(only).map_or_else(
            || output(&only.values, vec![rows as u64]),
            |values| output(&values, vec![rows as u64]),
        );
        found.add(name, one, headings);
        return Ok(found);
    }
    let features = dataset::features(typed(columns), false);
    let dataset = Dataset { rows, features, target: None, dataframe: false, named: true, form: None };
    let expected = of_dataset(dataset).map_err(|_| {
        let named: Vec<String> = headings.iter().map(|(_, heading)| format!("`{heading}`")).collect();
        DatasetError::of_file(
            spec,
            format!("its columns {} are of different types", named.join(", ")),
            "name what they are: `predict` for one of them, `probability(CLASS)` for each class, or give one column",
        )
    })?;
    found.add(name, expected, headings);
    Ok(found)
}

/// A column of an output: the class that heads it, its heading, its numbers.
struct Part {
    class: Option<String>,
    heading: String,
    numbers: Vec<f64>,
}

/// Columns whose headings say which output they belong to; one that says nothing is the label.
fn named(spec: &DatasetSpec, columns: Vec<Column>) -> Result<ExpectedValues, DatasetError> {
    let rows = columns.first().map_or(0, |column| column.values.len());
    let mut parts: BTreeMap<&'static str, Vec<Part>> = BTreeMap::new();
    let mut labels: Vec<Column> = Vec::new();
    for column in columns {
        let (output, class) = match part(&column.name).map(|(output, class)| (output, class.to_owned())) {
            Some((output, class)) => (output, Some(class)),
            None => match meaning(&column.name) {
                Some("predict") | None => {
                    labels.push(column);
                    continue;
                }
                Some(output) => (output, None),
            },
        };
        let numbers = numbers(&column.values);
        parts.entry(output).or_default().push(Part { class, heading: column.name, numbers });
    }
    let mut found = ExpectedValues::default();
    match labels.as_slice() {
        [] => {}
        [label] => {
            let values = whole(label).unwrap_or_else(|| label.values.clone());
            found.add("predict", output(&values, vec![rows as u64]), vec![(None, label.name.clone())]);
        }
        [one, other, ..] => {
            return Err(DatasetError::of_file(
                spec,
                format!("both `{}` and `{}` could be what predict gives", one.name, other.name),
                "keep one of them, beside the columns of probabilities",
            ));
        }
    }
    for (name, mut parts) in parts {
        parts.sort_by(|one, other| in_order(one.class.as_deref(), other.class.as_deref()));
        if name == "predict_proba" {
            probable(spec, &parts, !labels.is_empty())?;
            if let [second] = parts.as_slice() {
                // One probability is that of the second of two classes.
                let numbers = second.numbers.iter().map(|value| 1.0 - value).collect();
                parts.insert(0, Part { class: None, heading: second.heading.clone(), numbers });
            }
        }
        let width = parts.len();
        let flat = (0..rows).flat_map(|row| parts.iter().map(move |part| part.numbers[row])).collect();
        let shape = if width == 1 { vec![rows as u64] } else { vec![rows as u64, width as u64] };
        let columns = parts.into_iter().map(|part| (part.class, part.heading)).collect();
        found.add(name, output(&Values::F64(flat), shape), columns);
    }
    Ok(found)
}

/// What no column of probabilities can hold, and no row beside a label: several labels a row have probabilities each.
fn probable(spec: &DatasetSpec, parts: &[Part], beside_label: bool) -> Result<(), DatasetError> {
    for part in parts {
        let wrong = part.numbers.iter().position(|number| !(-ROUNDED..=1.0 + ROUNDED).contains(number));
        if let Some(row) = wrong {
            let says = format!("{} is not a probability", part.numbers[row]);
            let advice = "write probabilities as numbers from 0 to 1; percentages have to be divided by 100";
            return Err(DatasetError::of_file(spec, says, advice).in_row(row, &part.heading));
        }
    }
    let [first, _, ..] = parts else { return Ok(()) };
    if !beside_label {
        return Ok(());
    }
    let near = SUMMED + ROUNDED * parts.len() as f64;
    let sum = |row: usize| parts.iter().map(|part| part.numbers[row]).sum::<f64>();
    let Some(row) = (0..first.numbers.len()).find(|row| (sum(*row) - 1.0).abs() > near) else {
        return Ok(());
    };
    let says = format!("the probabilities of the row add up to {:.4}, not to 1", sum(row));
    let advice = "correct the values there, or give the columns of all classes";
    let last = parts.last().unwrap_or(first);
    Err(DatasetError::of_file(spec, says, advice).in_row(row, &last.heading))
}

/// The order of classes: by number where both are numbers, else by text.
fn in_order(one: Option<&str>, other: Option<&str>) -> Ordering {
    let number = |class: Option<&str>| class.unwrap_or_default().parse::<f64>();
    match (number(one), number(other)) {
        (Ok(one), Ok(other)) => one.total_cmp(&other),
        _ => one.cmp(&other),
    }
}

fn numbers(values: &Values) -> Vec<f64> {
    match values {
        Values::F64(values) => values.clone(),
        Values::F32(values) => values.iter().copied().map(f64::from).collect(),
        Values::I64(values) => values.iter().map(|value| *value as f64).collect(),
        Values::Bool(values) => values.iter().copied().map(f64::from).collect(),
        Values::Gaps(_) | Values::Text(_) | Values::Pandas { .. } => vec![f64::NAN; values.len()],
    }
}

/// A column that holds whole numbers or truths, as such: labels are compared by value.
fn whole(column: &Column) -> Option<Values> {
    match (&column.values, column.read_as) {
        (Values::F64(values), Some(dataset::ReadAs::Whole)) => {
            // Whole numbers that are exact floats are exact integers.
            Some(Values::I64(values.iter().map(|value| *value as i64).collect()))
        }
        (Values::Text(values), Some(dataset::ReadAs::Truths)) => values
            .iter()
            .map(|value| value.as_ref().map(|text| text.eq_ignore_ascii_case("true")))
            .collect::<Option<Vec<bool>>>()
            .map(Values::Bool),
        _ => None,
    }
}

fn typed(columns: Vec<Column>) -> Vec<Column> {
    let all_whole = columns.iter().all(|column| matches!(column.read_as, Some(dataset::ReadAs::Whole)));
    let typed = |column: Column| match whole(&column).filter(|_| all_whole) {
        Some(values) => Column::typed(column.name, values),
        None => column,
    };
    columns.into_iter().map(typed).collect()
}

fn headings(dataset: &Dataset) -> Vec<String> {
    match &dataset.features {
        Features::Array { names, .. } => names.clone(),
        Features::Table(columns) => columns.iter().map(|column| column.name.clone()).collect(),
        Features::Text(column) => vec![column.name.clone()],
        Features::List { .. } => Vec::new(),
    }
}

/// The columns of a table, an array taken apart again.
fn columns(dataset: Dataset) -> Vec<Column> {
    match dataset.features {
        Features::Table(columns) => columns,
        Features::Text(column) => vec![column],
        Features::List { .. } | Features::Array { shape: Shape::Own(_), .. } => Vec::new(),
        Features::Array { names, values, read_as, shape: Shape::Rows } => {
            let width = names.len();
            let all = numbers(&values);
            let column = |(index, name): (usize, String)| Column {
                name,
                values: Values::F64(all.iter().skip(index).step_by(width).copied().collect()),
                read_as: read_as.get(index).copied().flatten(),
            };
            names.into_iter().enumerate().map(column).collect()
        }
    }
}

/// What must not stand in a column of expected values: nothing at all, or one text among numbers.
fn sound(spec: &DatasetSpec, column: &Column) -> Result<(), DatasetError> {
    let missing = |row: usize| {
        let advice = "fill it in, or remove the row there and in the inputs";
        DatasetError::of_file(spec, "the value is missing", advice).in_row(row, &column.name)
    };
    let is_transformed = output_of(&column.name) == Some("transform");
    let values = match &column.values {
        Values::Text(values) => values,
        // What is transformed may well lack values.
        Values::F64(values) if !is_transformed && values.iter().any(|value| !value.is_nan()) => {
            return values.iter().position(|value| value.is_nan()).map_or(Ok(()), |row| Err(missing(row)));
        }
        Values::Gaps(values) => {
            return values.iter().position(Option::is_none).map_or(Ok(()), |row| Err(missing(row)));
        }
        Values::F64(_) | Values::F32(_) | Values::I64(_) | Values::Bool(_) | Values::Pandas { .. } => {
            return Ok(());
        }
    };
    let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
    let numbers = values.iter().flatten().filter(|text| is_number(text)).count();
    let strange = values.len() - numbers;
    // Labels of which a few look like numbers are labels; numbers of which a few do not are mistyped.
    if numbers > 0 && strange * 10 <= values.len().max(20) && strange * 2 < values.len() {
        let wrong = values.iter().enumerate().find(|(_, value)| !value.as_deref().is_some_and(is_number));
        if let Some((row, value)) = wrong {
            let what = match value {
                Some(text) => format!("`{text}` is not a number, and the other values of the column are"),
                None => "the value is missing".to_owned(),
            };
            return Err(DatasetError::of_file(spec, what, "correct it").in_row(row, &column.name));
        }
    }
    values.iter().position(Option::is_none).map_or(Ok(()), |row| Err(missing(row)))
}

/// The output that a heading belongs to.
fn output_of(heading: &str) -> Option<&'static str> {
    part(heading).map(|(output, _)| output).or_else(|| meaning(heading))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::{Encoding, OutputKind};

    fn of(text: &str) -> Result<BTreeMap<String, ExpectedOutput>, String> {
        let found = of_table(Path::new("e.csv"), text.as_bytes());
        found.map(|found| found.outputs).map_err(|error| error.to_string())
    }

    fn floats(expected: &ExpectedOutput) -> Vec<f64> {
        expected.bytes.chunks(8).map(|part| f64::from_le_bytes(part.try_into().unwrap())).collect()
    }

    #[test]
    fn a_label_stands_beside_probabilities_in_the_order_of_the_classes() {
        let found = of("species,probability(b),probability(a)\na,0.25,0.75\nb,0.5,0.5\n").unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["predict", "predict_proba"]);
        assert_eq!(found["predict"].output.encoding, Encoding::Text);
        assert_eq!(found["predict_proba"].output.shape, [2, 2]);
        assert_eq!(floats(&found["predict_proba"]), [0.75, 0.25, 0.5, 0.5]);
        let numbered = of("y_pred,proba_10,proba_2\n2,0.25,0.75\n").unwrap();
        assert_eq!(floats(&numbered["predict_proba"]), [0.75, 0.25]);
        assert_eq!(numbered["predict"].output.kind, OutputKind::Label);
        let one = of("label,probability\nTRUE,0.75\n").unwrap();
        assert_eq!(floats(&one["predict_proba"]), [0.25, 0.75]);
        assert_eq!(one["predict"].output.encoding, Encoding::Bool);
    }

    #[test]
    fn one_column_is_the_prediction_and_several_numbers_are_several_targets() {
        assert_eq!(of("price\n1.5\n2\n").unwrap()["predict"].output.shape, [2]);
        assert_eq!(of("a,b\n1.5,2\n").unwrap()["predict"].output.shape, [1, 2]);
        assert_eq!(of("a,b\n1,2\n").unwrap()["predict"].output.encoding, Encoding::I64);
        assert!(of("decision_function\n1.5\n").unwrap().contains_key("decision_function"));
        assert!(of("a,b\nx,2\n").unwrap_err().contains("different types"));
    }

    #[test]
    fn what_is_mistyped_is_named_by_row_and_column() {
        let error = of("label,probability(a),probability(b)\na,0.5,0.5\nb,O.5,0.5\n").unwrap_err();
        assert!(error.contains(":3, column `probability(a)`") && error.contains("`O.5`"), "{error}");
        let many: String = (0..20).map(|row| format!("{row}.5\n")).collect();
        let error = of(&format!("price\n{many}12,5x\n").replace("12,5x", "12.5x")).unwrap_err();
        assert!(error.contains(":22, column `price`") && error.contains("12.5x"), "{error}");
        let error = of("species\nred\n\"\"\nblue\n").unwrap_err();
        assert!(error.contains("row 2, column `species`") || error.contains(":3"), "{error}");
        assert!(of("grade\n1\nA\nB\nC\n").is_ok(), "labels of which one looks like a number");
    }
}
