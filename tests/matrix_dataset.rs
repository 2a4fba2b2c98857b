//! Datasets: what they become, the bytes that the agent reads, and what is refused.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;
use shelflife::dataset::{Dataset, Features, Shape, Values, parse};
use shelflife::matrix::DatasetSpec;
use shelflife::vocab::Digest;

fn spec(target: &[&str]) -> DatasetSpec {
    DatasetSpec {
        name: "d".to_owned(),
        path: PathBuf::from("data/d.csv"),
        declared_path: "d.csv".to_owned(),
        target: target.iter().map(|&name| name.to_owned()).collect(),
        drop: Vec::new(),
        dtypes: BTreeMap::new(),
        digest: None,
        dataframe: false,
        span: 0..0,
        outside: false,
        declared_at: "m.toml:3".to_owned(),
    }
}

fn with_dtype(mut spec: DatasetSpec, column: &str, dtype: &str) -> DatasetSpec {
    spec.dtypes.insert(column.to_owned(), dtype.to_owned());
    spec
}

fn csv(spec: &DatasetSpec, text: &str) -> Dataset {
    parse(spec, text.as_bytes(), None).expect("a correct dataset")
}

/// The message, and `line:column` where they are known.
fn refusal(spec: &DatasetSpec, bytes: &[u8]) -> (String, Option<u64>, String) {
    let error = parse(spec, bytes, None).expect_err("the data is wrong");
    let help = miette::Diagnostic::help(&error).expect("every refusal has advice").to_string();
    assert!(help.contains("m.toml:3"), "{help}");
    (error.to_string(), error.line(), help)
}

/// Header and payload of the encoded form.
fn decoded(dataset: &Dataset) -> (Value, Vec<u8>) {
    let bytes = dataset.encode();
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header = serde_json::from_slice(&bytes[8..8 + length]).expect("the header is JSON");
    (header, bytes[8 + length..].to_vec())
}

#[test]
fn numbers_become_one_array_and_whole_targets_integers() {
    let dataset = csv(&spec(&["y"]), "\u{feff}a,b,y\r\n1,2.5,0\r\n3,,1\r\n\r\n -1e3 ,NaN,1\r\n");
    assert_eq!(dataset.rows, 3);
    let Features::Array { names, values: Values::F64(values), .. } = &dataset.features else {
        panic!("{:?}", dataset.features)
    };
    assert_eq!(names, &["a", "b"]);
    assert_eq!(values[..3], [1.0, 2.5, 3.0]);
    assert!(values[3].is_nan() && values[5].is_nan());
    assert_eq!(dataset.target.expect("a target").values, Values::I64(vec![0, 1, 1]));
}

#[test]
fn targets_of_every_kind() {
    let target = |spec: &DatasetSpec, text: &str| csv(spec, text).target.expect("a target");
    assert_eq!(target(&spec(&["y"]), "a,y\n1,0.5\n1,2\n").values, Values::F64(vec![0.5, 2.0]));
    let texts = Values::Text(vec![Some("1".into()), Some("NA".into())]);
    assert_eq!(target(&with_dtype(spec(&["y"]), "y", "text"), "a,y\n1,1\n1,NA\n").values, texts);
    let two = target(&spec(&["y", "z"]), "z,a,y\n1,9,2\n3,9,4\n");
    assert_eq!(two.names, ["y", "z"]);
    assert_eq!(two.values, Values::I64(vec![2, 1, 4, 3]));
    assert_eq!(target(&spec(&["y", "z"]), "z,a,y\n1,9,2.5\n").values, Values::F64(vec![2.5, 1.0]));
    assert!(csv(&spec(&[]), "a,y\n1,2\n").target.is_none());
}

#[test]
fn layouts_follow_the_columns() {
    let dtype = |dataset: &Dataset| decoded(dataset).0["dtype"].as_str().map(str::to_owned);
    let whole = with_dtype(with_dtype(spec(&["y"]), "a", "int64"), "b", "int64");
    assert_eq!(dtype(&csv(&whole, "a,b,y\n1,2,0\n")).as_deref(), Some("int64"));
    let part = with_dtype(spec(&["y"]), "a", "int64");
    assert_eq!(dtype(&csv(&part, "a,b,y\n1,2,0\n")).as_deref(), Some("float64"));
    let frame = DatasetSpec { dataframe: true, ..part };
    let table = csv(&frame, "a,b,y\n1,2,0\n");
    assert_eq!(decoded(&table).0["columns"][0]["dtype"], "int64");
    assert_eq!(decoded(&table).0["layout"], "table");
    assert_eq!(
        dtype(&csv(&with_dtype(spec(&["y"]), "a", "float32"), "a,y\n0.1,0\n")).as_deref(),
        Some("float32")
    );
    assert_eq!(decoded(&csv(&spec(&["y"]), "t,y\n\"a, b\",0\n")).0["layout"], "text");
    assert_eq!(decoded(&csv(&spec(&["y"]), "t,n,y\nab,1,0\n")).0["layout"], "table");
}

#[test]
fn the_encoded_form_is_what_the_agent_expects() {
    let dataset = csv(&spec(&["y"]), "n,t,y\n1.5,ä,no\n,,yes\n");
    let (header, payload) = decoded(&dataset);
    insta::assert_json_snapshot!(header, @r#"
    {
      "columns": [
        {
          "dtype": "float64",
          "length": 16,
          "name": "n",
          "offset": 0
        },
        {
          "dtype": "text",
          "length": 10,
          "name": "t",
          "offset": 16,
          "read_as": "object"
        }
      ],
      "dataframe": false,
      "layout": "table",
      "named": true,
      "rows": 2,
      "target": {
        "columns": 1,
        "dtype": "text",
        "length": 13,
        "names": [
          "y"
        ],
        "offset": 32
      },
      "version": 2
    }
    "#);
    assert_eq!(payload[..8], 1.5f64.to_le_bytes());
    assert_eq!(payload[16..26], *b"\x02\0\0\0\xc3\xa4\xff\xff\xff\xff");
    assert_eq!(payload[32..], *b"\x02\0\0\0no\x03\0\0\0yes");
}

/// What pandas would make of each column, by its name.
fn read_as(text: &str) -> BTreeMap<String, Option<String>> {
    let (header, _) = decoded(&csv(&spec(&[]), text));
    let columns = header["columns"].as_array().expect("columns");
    let word = |column: &Value| column["read_as"].as_str().map(str::to_owned);
    columns.iter().map(|it| (it["name"].as_str().expect("a name").to_owned(), word(it))).collect()
}

#[test]
fn columns_are_what_pandas_makes_of_them() {
    let found = read_as("w,f,g,b,h,t,m\n1,1.5,1,TRUE,true,a,NA\n-7,2,,False,,NA,\n");
    let of = |name: &str| found[name].as_deref();
    assert_eq!(of("w"), Some("int64"), "whole numbers stay whole");
    assert_eq!((of("f"), of("g"), of("m")), (None, None, None), "numbers, some of them missing");
    assert_eq!((of("b"), of("h")), (Some("bool"), Some("bool")), "truths, with gaps as well");
    assert_eq!(of("t"), Some("object"));
    assert_eq!(read_as("t,u\nyes,1\n0,2\n")["t"].as_deref(), Some("object"));
    assert_eq!(read_as("a,b\n9007199254740993,1\n")["a"].as_deref(), Some("int64"));
    let outside = DatasetSpec { outside: true, ..spec(&[]) };
    let large = decoded(&csv(&outside, "a,b\n9007199254740993,1\n")).0;
    assert_eq!(large["columns"][0]["dtype"], "int64", "what no float can hold is no float");
    let declared = csv(&with_dtype(spec(&[]), "b", "bool"), "b,x\ntrue,1\n,2\nNA,3\n");
    assert_eq!(decoded(&declared).0["columns"][0]["dtype"], "truths", "a declared truth may be missing");
    let whole = csv(&with_dtype(spec(&[]), "a", "float64"), "a\n1\n");
    assert!(decoded(&whole).0["columns"][0]["read_as"].is_null(), "what is declared is not inferred");
}

#[test]
fn a_wide_file_takes_time_by_its_width() {
    let seconds = |width: usize| {
        let header: Vec<String> = (0..width).map(|index| format!("c{index}")).collect();
        let row: Vec<&str> = (0..width).map(|_| "1.5").collect();
        let text = format!("{}\n{}\n{}\n", header.join(","), row.join(","), row.join(","));
        let start = std::time::Instant::now();
        assert_eq!(csv(&spec(&[]), &text).rows, 2);
        start.elapsed().as_secs_f64()
    };
    seconds(1000);
    let (narrow, wide) = (seconds(10_000), seconds(80_000));
    assert!(wide < narrow.max(0.02) * 40.0, "{narrow} s for 10,000 columns, {wide} s for 80,000");
}

#[test]
fn wrong_csv_is_refused_with_its_place() {
    let cases: &[(&str, &str, Option<u64>)] = &[
        ("a,y\n", "no row below the header", Some(1)),
        ("a,b\n1,2\n", "target `y` is not in the header", Some(1)),
        ("a;y\n1,5;2\n", "its 2 columns are separated by `;`", Some(1)),
        ("a\tb\ty\n1\t2\t3\n", "its 3 columns are separated by tabs", Some(1)),
        ("a,a,y\n1,2,3\n", "two columns are named `a`", Some(1)),
        (",a,y\n0,2,3\n", "column 1 has no name", Some(1)),
        ("y\n1\n", "no column is left", Some(1)),
        ("a,y\n1,2\n\n3\n", "this row has 1 values, and the header names 2", Some(4)),
        ("a,y\n1,2\n3,4,5\n", "this row has 3 values", Some(3)),
        ("a,y\n\"x\ny\",2\n3,\n", "the target is missing", Some(4)),
        ("a,y\n1,2\n3,NA\n", "the target is missing", Some(3)),
    ];
    for (text, expected, line) in cases {
        let (message, found, _) = refusal(&spec(&["y"]), text.as_bytes());
        assert!(message.contains(expected), "{text:?}: {message}");
        assert_eq!(found, *line, "{text:?}");
    }
    let (_, _, help) = refusal(&spec(&["y"]), b"a;y\n1;2\n");
    assert!(help.contains("separate them by commas"), "{help}");
    for (bytes, expected) in [
        (&b""[..], "the file is empty"),
        (b"a,y\n\xff,1\n", "line 2 has an invalid byte"),
        (b"\xff\xfea\0", "UTF-16"),
    ] {
        assert!(refusal(&spec(&["y"]), bytes).0.contains(expected));
    }
    let (message, line, help) = refusal(&with_dtype(spec(&["y"]), "a", "float64"), b"a,y\n1,2\nred,4\n");
    assert_eq!(message, "dataset `d`: data/d.csv:3, column `a`: `red` is not a number");
    assert_eq!(line, Some(3));
    assert!(help.contains("declare `dtypes = { a = \"text\" }`"), "{help}");
    let (message, ..) = refusal(&with_dtype(spec(&["y"]), "a", "int64"), b"a,y\n,4\n");
    assert!(message.contains("the value is missing, and so is not an integer"), "{message}");
    let (message, _, help) = refusal(&with_dtype(spec(&["y"]), "widht", "text"), b"width,y\n1,4\n");
    assert!(message.contains("`widht` is not in the header") && help.contains("did you mean `width`?"));
    let dropped = DatasetSpec { drop: vec!["b".into()], ..spec(&["y"]) };
    assert!(refusal(&dropped, b"a,y\n1,2\n").0.contains("dropped column `b`"));
}

#[test]
fn another_file_than_the_declared_one_is_refused_with_both_digests() {
    let text = b"a,y\n1,2\n";
    let right = DatasetSpec { digest: Some(Digest::of(text)), ..spec(&["y"]) };
    assert!(parse(&right, text, None).is_ok());
    let (message, ..) = refusal(&right, b"a,y\n1,3\n");
    for digest in [Digest::of(text), Digest::of(b"a,y\n1,3\n")] {
        assert!(message.contains(&digest.to_string()), "{message}");
    }
}

/// A version 1.0 `.npy` file.
fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let length = u16::try_from(header.len()).expect("a short header").to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), data].concat()
}

fn npy_spec(target: &[&str]) -> DatasetSpec {
    DatasetSpec { path: PathBuf::from("data/x.npy"), ..spec(target) }
}

#[test]
fn npy_files_become_arrays() {
    let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let values = |spec: &DatasetSpec, file: &[u8]| match parse(spec, file, None).expect("correct").features {
        Features::Array { values, .. } => values,
        other => panic!("{other:?}"),
    };
    let data = bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let by_rows = Values::F64(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(values(&npy_spec(&[]), &npy("<f8", false, "2, 3", &data)), by_rows);
    let turned = Values::F64(vec![1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    assert_eq!(values(&npy_spec(&[]), &npy("<f8", true, "2, 3", &data)), turned);
    assert_eq!(
        values(&npy_spec(&[]), &npy(">i4", false, "2,", &[0, 0, 0, 7, 255, 255, 255, 255])),
        Values::I64(vec![7, -1])
    );
    assert_eq!(values(&npy_spec(&[]), &npy("|b1", false, "2, 1", &[1, 0])), Values::I64(vec![1, 0]));
    assert_eq!(
        values(&npy_spec(&[]), &npy("<f4", false, "1, 1", &0.5f32.to_le_bytes())),
        Values::F32(vec![0.5])
    );
    let shape = |shape: &str, fortran| match parse(&npy_spec(&[]), &npy("<f8", fortran, shape, &data), None) {
        Ok(Dataset { rows, features: Features::Array { shape: Shape::Own(own), values, .. }, .. }) => {
            (rows, own, values)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(shape("6,", false), (6, vec![6], by_rows.clone()), "one dimension stays one");
    assert_eq!(shape("1, 2, 3", false), (1, vec![1, 2, 3], by_rows));
    assert_eq!(shape("3, 1, 2", true).2, Values::F64(vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
    let y = npy("<f4", false, "2,", &[0.5f32.to_le_bytes(), 1.5f32.to_le_bytes()].concat());
    let dataset = parse(&npy_spec(&["y.npy"]), &npy("<f8", false, "2, 3", &data), Some(&y)).expect("correct");
    assert_eq!(dataset.target.expect("a target").values, Values::F64(vec![0.5, 1.5]));
}

#[test]
fn wrong_npy_is_refused() {
    let cases = [
        (b"PK\x03\x04".to_vec(), "not a .npy file"),
        (npy("<f8", false, "2, 3", &[0; 40]), "cannot be read"),
        (npy("<f8", false, "1000000000000,", &[0; 8]), "claims more values"),
        (npy("<f8", false, "4294967296, 4294967296, 4294967296", &[0; 8]), "claims more values"),
        (npy("<f8", false, "0, 18446744073709551615, 2", &[0; 8]), "claims more values"),
        (npy("<f8", false, "", &[0; 8]), "one value alone"),
        (npy("<f8", false, "0, 3", &[]), "holds no value"),
        (npy("|O", false, "1,", &[0; 8]), "pickled inside"),
        (npy("<f2", false, "1,", &[0; 2]), "type `'<f2'` is not supported"),
        (npy("<U3", false, "1,", &[0; 12]), "is not supported"),
    ];
    for (bytes, expected) in cases {
        let (message, ..) = refusal(&npy_spec(&[]), &bytes);
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let file = npy("<f8", false, "1,", &[0; 8]);
    let two = npy("<f8", false, "2,", &[0; 16]);
    let error = parse(&npy_spec(&["y.npy"]), &file, Some(&two)).expect_err("other number of rows");
    assert!(error.to_string().contains("it has 2 rows, and the features have 1"), "{error}");
}

#[test]
fn the_committed_datasets_can_be_read() {
    for (name, target, rows) in [
        ("blobs", "label", 150),
        ("ring", "y", 200),
        ("waves", "y", 160),
        ("counts", "topic", 120),
        ("mixed", "late", 140),
        ("messages", "kind", 90),
    ] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("datasets/{name}.csv"));
        let dataset = parse(&spec(&[target]), &std::fs::read(path).expect("committed"), None);
        assert_eq!(dataset.expect("correct").rows, rows, "{name}");
    }
}

proptest! {
    #[test]
    fn floats_keep_their_bits(values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 1..20)) {
        let text: String = values.iter().map(|value| format!("{value},0\n")).collect();
        let dataset = csv(&spec(&["y"]), &format!("a,y\n{text}"));
        let (_, payload) = decoded(&dataset);
        let expected: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        prop_assert_eq!(&payload[..expected.len()], &expected[..]);
    }

    #[test]
    fn offsets_are_aligned_and_inside(texts in prop::collection::vec("[a-zé]{0,9}", 1..9)) {
        let rows: String = texts.iter().map(|text| format!("x{text},{text},1,k\n")).collect();
        let dataset = csv(&with_dtype(spec(&["y"]), "c", "bool"), &format!("a,b,c,y\n{rows}"));
        let (header, payload) = decoded(&dataset);
        let columns = header["columns"].as_array().expect("columns");
        for part in columns.iter().chain([&header["target"]]) {
            let (offset, length) = (part["offset"].as_u64().unwrap(), part["length"].as_u64().unwrap());
            prop_assert_eq!(offset % 8, 0);
            prop_assert!(offset + length <= payload.len() as u64);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), start in any::<bool>()) {
        let _ = parse(&spec(&["y"]), &bytes, None);
        let bytes = if start { [b"\x93NUMPY\x01\0", &bytes[..]].concat() } else { bytes };
        let _ = parse(&npy_spec(&[]), &bytes, None);
    }

    #[test]
    fn no_npy_header_panics(descr in "[<>|][a-zA-Z][0-9]{0,2}", shape in "[0-9, ]{0,40}", data in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&npy_spec(&[]), &npy(&descr, shape.len() % 2 == 0, &shape, &data), None);
    }

    #[test]
    fn no_text_panics(text in "[ab,\"\\n\\r0-9.]{0,60}") {
        let _ = parse(&spec(&["b"]), format!("a,b\n{text}").as_bytes(), None);
    }
}
