use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;

fn spec(path: &str) -> DatasetSpec {
    DatasetSpec {
        name: "d".to_owned(),
        path: PathBuf::from(path),
        target: Vec::new(),
        drop: Vec::new(),
        dtypes: BTreeMap::new(),
        digest: None,
        dataframe: false,
        span: 0..0,
    }
}

fn csv(text: &str, edit: impl FnOnce(&mut DatasetSpec)) -> Result<Dataset, DatasetError> {
    let mut spec = spec("d.csv");
    edit(&mut spec);
    parse(&spec, text.as_bytes(), None)
}

fn header(dataset: &Dataset) -> (serde_json::Value, Vec<u8>) {
    let bytes = dataset.encode();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (serde_json::from_slice(&bytes[8..8 + length]).unwrap(), bytes[8 + length..].to_vec())
}

#[test]
fn numbers_become_one_matrix_and_whole_targets_stay_whole() {
    let dataset = csv("\u{feff}a,b,y\n1,2.5,0\n3,,1\n", |spec| spec.target = vec!["y".to_owned()]).unwrap();
    assert_eq!(dataset.target[0].values, Values::Int64(vec![0, 1]));
    let (header, payload) = header(&dataset);
    assert_eq!(header["layout"], "array");
    assert_eq!(header["dtype"], "float64");
    assert_eq!(header["target"]["offset"], 32);
    let numbers: Vec<f64> =
        payload[..32].chunks(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect();
    assert_eq!(numbers[..3], [1.0, 2.5, 3.0]);
    assert!(numbers[3].is_nan());
}

#[test]
fn mixed_columns_become_a_table_and_one_text_column_a_text() {
    let mixed = csv("n,c\n1,red\n2,NA\n", |_| {}).unwrap();
    assert_eq!(mixed.columns[1].values, Values::Text(vec![Some("red".to_owned()), None]));
    assert_eq!(header(&mixed).0["layout"], "table");
    let text = csv("text,kind\n\"a, b\",x\nc,y\n", |spec| spec.target = vec!["kind".to_owned()]).unwrap();
    let (header, payload) = header(&text);
    assert_eq!(header["layout"], "text");
    assert_eq!(payload[..8], [4, 0, 0, 0, b'a', b',', b' ', b'b']);
    assert_eq!(header["target"]["dtype"], "text");
}

#[test]
fn bad_tables_are_refused_with_their_place() {
    let rows: [(&str, &str); 8] = [
        ("", "it is empty"),
        ("a,b\n", "no rows"),
        ("a,a\n1,2\n", "appears twice"),
        ("a,b\n1\n", "line 2: it has 1 values, but the header names 2"),
        ("a,b\n1,2\n1,x\n", "line 3: `x` in the column `b` is no number"),
        ("a,c\n1,2\n", "`dtypes` names the column `b`, but there are `a`, `c`"),
        ("b\n1\n\u{0}\u{1}\n", "is no number"),
        ("b\n", "no rows"),
    ];
    for (text, expected) in rows {
        let error =
            csv(text, |spec| drop(spec.dtypes.insert("b".to_owned(), "float64".to_owned()))).unwrap_err();
        assert!(error.to_string().contains(expected), "{text:?}: {error}");
    }
    let error = csv("a\n1\n", |spec| spec.target = vec!["y".to_owned()]).unwrap_err();
    assert_eq!(error.to_string(), "d.csv, line 1: `target` names the column `y`, but there are `a`");
    let error = csv("y\n1\n", |spec| spec.target = vec!["y".to_owned()]).unwrap_err();
    assert!(error.to_string().contains("no feature column"), "{error}");
    let error = csv("a\n1\n", |spec| spec.digest = Some(Digest::of(b"other"))).unwrap_err();
    assert!(error.to_string().contains("but the matrix declares"), "{error}");
    let error = parse(&spec("d.csv"), b"a\n\xff\n", None).unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
}

fn npy(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

#[test]
fn npy_in_both_orders() {
    let data: Vec<u8> = [1.0f64, 2.0, 3.0, 4.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let c = parse(&spec("x.npy"), &npy("<f8", "False", "(2, 2)", &data), None).unwrap();
    assert_eq!(c.columns[1].values, Values::Float64(vec![2.0, 4.0]));
    let fortran = parse(&spec("x.npy"), &npy("<f8", "True", "(2, 2)", &data), None).unwrap();
    assert_eq!(fortran.columns[1].values, Values::Float64(vec![3.0, 4.0]));
    let target = npy("|b1", "False", "(2,)", &[0, 1]);
    let with = parse(&spec("x.npy"), &npy("<f8", "False", "(2, 2)", &data), Some(&target)).unwrap();
    assert_eq!(with.target[0].values, Values::Bool(vec![false, true]));
}

#[test]
fn bad_npy_files_are_refused() {
    let rows: [(Vec<u8>, &str); 5] = [
        (b"text".to_vec(), "not an .npy file"),
        (npy("|O", "False", "(1,)", b"x"), "object array"),
        (npy("<f8", "False", "(2, 2)", &[0; 8]), "truncated"),
        (npy("<f8", "False", "(1, 1, 1)", &[0; 8]), "3 dimensions"),
        (npy("<c16", "False", "(1,)", &[0; 16]), "is none of"),
    ];
    for (bytes, expected) in rows {
        let error = parse(&spec("x.npy"), &bytes, None).unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
}
