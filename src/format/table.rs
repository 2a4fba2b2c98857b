//! The tables: every handler, and every format that needs no declaration.

use super::{FormatRow, Handler};
use crate::vocab::{ArtifactKind, Holds, ReferenceKind};

/// One handler whose Python source is the file of its name.
macro_rules! handler {
    (
        $name:literal, $extension:literal, $reference:ident, $holds:ident, runs_code: $runs_code:literal,
        $options:expr, reads: $reads:expr, $packages:expr, writing: $writing:expr
    ) => {
        Handler {
            name: $name,
            source: include_str!(concat!("../worker/agent/formats/", $name, ".py")),
            reference: ReferenceKind::$reference,
            runs_code: $runs_code,
            extension: $extension,
            options: $options,
            reads: $reads,
            packages: $packages,
            holds: Holds::$holds,
            writing: $writing,
        }
    };
}

/// Every handler, in the order of the table of formats.
pub const HANDLERS: &[Handler] = &[
    handler!(
        "pickle", "pkl", Artifact, Estimator, runs_code: true,
        &["protocol", "compress", "consecutive", "encoding"],
        reads: Some(ArtifactKind::Pickle), &[], writing: Some(&[])
    ),
    handler!(
        "joblib", "joblib", Artifact, Estimator, runs_code: true, &["compress", "mmap_mode", "encoding"],
        reads: Some(ArtifactKind::Joblib), &[], writing: Some(&[])
    ),
    handler!(
        "cloudpickle", "pkl", Artifact, Estimator, runs_code: true, &["protocol"],
        reads: Some(ArtifactKind::Pickle), &["cloudpickle"], writing: Some(&["cloudpickle"])
    ),
    handler!(
        "dill", "dill", Artifact, Estimator, runs_code: true, &["protocol"],
        reads: Some(ArtifactKind::Pickle), &["dill"], writing: Some(&["dill"])
    ),
    handler!(
        "skops", "skops", Model, Estimator, runs_code: false, &["trust"],
        reads: Some(ArtifactKind::Skops), &["skops"], writing: Some(&["skops"])
    ),
    handler!(
        "onnx", "onnx", Model, Translation, runs_code: false, &["opset", "dtype"],
        reads: Some(ArtifactKind::Onnx), &["onnxruntime"], writing: Some(&["skl2onnx"])
    ),
    handler!(
        "xgboost", "json", Artifact, Translation, runs_code: false, &["as"],
        reads: Some(ArtifactKind::Xgboost), &["xgboost"], writing: Some(&["xgboost"])
    ),
    handler!(
        "lightgbm", "txt", Artifact, Translation, runs_code: false, &[],
        reads: Some(ArtifactKind::Lightgbm), &["lightgbm"], writing: Some(&["lightgbm"])
    ),
    handler!(
        "catboost", "cbm", Artifact, Translation, runs_code: false, &["as"],
        reads: Some(ArtifactKind::Catboost), &["catboost"], writing: Some(&["catboost"])
    ),
    handler!(
        "json_params", "json", Model, Translation, runs_code: false, &[],
        reads: None, &[], writing: Some(&[])
    ),
    handler!(
        "source", "tar", Model, Translation, runs_code: true, &["exporter", "language"],
        reads: None, &[], writing: None
    ),
    handler!(
        "mlflow", "tar", Artifact, Estimator, runs_code: true, &["serialization", "trust"],
        reads: Some(ArtifactKind::Mlflow), &["mlflow-skinny", "pandas"], writing: None
    ),
    handler!(
        "migrator", "json", Model, Translation, runs_code: false, &[],
        reads: None, &[], writing: None
    ),
];

const fn row(
    name: &'static str,
    handler: &'static str,
    options: &'static str,
    about: &'static str,
) -> FormatRow {
    FormatRow { name, handler, options, about }
}

/// Every format, in the order in which reports list them.
pub const TABLE: &[FormatRow] = &[
    row("pickle", "pickle", "{}", "pickle.dump with the producer's default protocol"),
    row("pickle-2", "pickle", r#"{"protocol":2}"#, "pickle protocol 2 (Python 2.3 and later)"),
    row("pickle-3", "pickle", r#"{"protocol":3}"#, "pickle protocol 3 (Python 3.0 and later)"),
    row("pickle-4", "pickle", r#"{"protocol":4}"#, "pickle protocol 4 (Python 3.4 and later)"),
    row("pickle-5", "pickle", r#"{"protocol":5}"#, "pickle protocol 5 (Python 3.8 and later)"),
    row("pickle-gzip", "pickle", r#"{"compress":"gzip"}"#, "pickle inside gzip"),
    row(
        "pickle-consecutive",
        "pickle",
        r#"{"consecutive":true}"#,
        "several pickles one after another in a file, all of them read",
    ),
    row(
        "pickle-latin1",
        "pickle",
        r#"{"protocol":2,"encoding":"latin1"}"#,
        "pickle protocol 2, read with encoding='latin1', as files of Python 2 are",
    ),
    row("joblib", "joblib", "{}", "joblib.dump without compression"),
    row(
        "joblib-latin1",
        "joblib",
        r#"{"encoding":"latin1"}"#,
        "joblib.dump, its texts read with encoding='latin1', as files of Python 2 are",
    ),
    row(
        "joblib-mmap",
        "joblib",
        r#"{"mmap_mode":"r"}"#,
        "joblib.dump without compression, loaded with mmap_mode='r'",
    ),
    row("joblib-zlib-1", "joblib", r#"{"compress":["zlib",1]}"#, "joblib.dump with compress=('zlib', 1)"),
    row("joblib-zlib", "joblib", r#"{"compress":["zlib",3]}"#, "joblib.dump with compress=('zlib', 3)"),
    row("joblib-zlib-9", "joblib", r#"{"compress":["zlib",9]}"#, "joblib.dump with compress=('zlib', 9)"),
    row("joblib-gzip", "joblib", r#"{"compress":["gzip",3]}"#, "joblib.dump with compress=('gzip', 3)"),
    row("joblib-bz2", "joblib", r#"{"compress":["bz2",3]}"#, "joblib.dump with compress=('bz2', 3)"),
    row("joblib-xz", "joblib", r#"{"compress":["xz",3]}"#, "joblib.dump with compress=('xz', 3)"),
    row("joblib-lzma", "joblib", r#"{"compress":["lzma",3]}"#, "joblib.dump with compress=('lzma', 3)"),
    row(
        "joblib-lz4",
        "joblib",
        r#"{"compress":["lz4",3]}"#,
        "joblib.dump with compress=('lz4', 3); needs the package lz4",
    ),
    row("cloudpickle", "cloudpickle", "{}", "cloudpickle.dump: classes and functions of __main__ by value"),
    row("dill", "dill", "{}", "dill.dump: classes and functions of __main__ by value, read with dill"),
    row("skops", "skops", "{}", "skops.io.dump, loaded without trusting any type that skops does not know"),
    row(
        "skops-trusted",
        "skops",
        r#"{"trust":"all"}"#,
        "skops.io.dump, loaded with trust in every type in it",
    ),
    row("onnx", "onnx", "{}", "skl2onnx in the producer, onnxruntime in the consumer; float32 inputs"),
    row(
        "xgboost-json",
        "xgboost",
        r#"{"as":"json"}"#,
        "XGBoost's own JSON: the booster, without its wrapper",
    ),
    row("xgboost-ubj", "xgboost", r#"{"as":"ubj"}"#, "XGBoost's own UBJSON, written by 1.6 and later"),
    row("xgboost-binary", "xgboost", r#"{"as":"bin"}"#, "XGBoost's old binary form, written before 3.1"),
    row("lightgbm-text", "lightgbm", "{}", "LightGBM's own text: the booster, without its wrapper"),
    row("catboost-cbm", "catboost", r#"{"as":"cbm"}"#, "CatBoost's own binary form"),
    row("catboost-json", "catboost", r#"{"as":"json"}"#, "CatBoost's own JSON"),
    row(
        "json-params",
        "json_params",
        "{}",
        "coefficients of linear models as JSON, rebuilt with numpy alone",
    ),
    row("m2cgen-c", "source", r#"{"exporter":"m2cgen","language":"c"}"#, "m2cgen's C, compiled with gcc"),
    row(
        "m2cgen-java",
        "source",
        r#"{"exporter":"m2cgen","language":"java"}"#,
        "m2cgen's Java, run with java",
    ),
    row(
        "m2cgen-javascript",
        "source",
        r#"{"exporter":"m2cgen","language":"javascript"}"#,
        "m2cgen's JavaScript, run with node",
    ),
    row("m2cgen-python", "source", r#"{"exporter":"m2cgen","language":"python"}"#, "m2cgen's Python"),
    row(
        "porter-c",
        "source",
        r#"{"exporter":"porter","language":"c"}"#,
        "sklearn-porter's C, compiled with gcc",
    ),
    row(
        "porter-java",
        "source",
        r#"{"exporter":"porter","language":"java"}"#,
        "sklearn-porter's Java, run with java",
    ),
    row(
        "porter-javascript",
        "source",
        r#"{"exporter":"porter","language":"javascript"}"#,
        "sklearn-porter's JavaScript, run with node",
    ),
    row(
        "mlflow",
        "mlflow",
        "{}",
        "mlflow.sklearn.save_model: a folder, as the installed MLflow likes to fill it",
    ),
    row(
        "mlflow-cloudpickle",
        "mlflow",
        r#"{"serialization":"cloudpickle"}"#,
        "mlflow.sklearn.save_model with serialization_format='cloudpickle'",
    ),
    row("migrator", "migrator", "{}", "sklearn-migrator's JSON, made an estimator of the reader's release"),
];
