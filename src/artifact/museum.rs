//! Models of a museum: what each predicts on is a file that several share, and what it should give is kept byte for byte.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::arrays;
use super::files::Files;
use crate::dataset::{self, Dataset, Features, Shape};
use crate::matrix::{DatasetSpec, ExpectedOutput};
use crate::vocab::{Digest, InputForm, Kept, KeptInputs, KeptOutput, OutputRef};

/// What a validation file of a museum says.
pub(super) struct Exhibit {
    /// What it predicts on.
    pub inputs: Dataset,
    /// What it should give.
    pub expected: BTreeMap<String, ExpectedOutput>,
    /// The methods whose outputs are compared.
    pub methods: Vec<String>,
}

/// Whether a validation file is one of a museum.
pub(super) fn is_kept(validation: &Value) -> bool {
    validation.get("inputs_file").is_some()
}

/// Reads a validation file of a museum that stands in a folder.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn read(files: &dyn Files, folder: &Path, validation: Value) -> Result<Exhibit, String> {
    let kept: Kept = serde_json::from_value(validation).map_err(|error| error.to_string())?;
    let inputs = inputs(files, folder, &kept.inputs_file)?;
    let mut expected = BTreeMap::new();
    for (name, output) in kept.outputs {
        let output = output_of(output).map_err(|why| format!("its output {name} {why}"))?;
        expected.insert(name, output);
    }
    Ok(Exhibit { inputs, expected, methods: kept.methods })
}

fn inputs(files: &dyn Files, folder: &Path, kept: &KeptInputs) -> Result<Dataset, String> {
    let path = folder.join(&kept.path);
    let bytes = files.read(&path).map_err(|error| format!("its inputs `{}`: {error}", kept.path))?;
    let spec = DatasetSpec {
        drop: kept.drop.clone(),
        dtypes: kept.dtypes.clone(),
        digest: Some(kept.blake3),
        dataframe: kept.dataframe,
        ..arrays::spec(&kept.path, &path)
    };
    let dataset = dataset::parse(&spec, &bytes, None).map_err(|error| error.to_string())?;
    let form = match &dataset.features {
        _ if kept.dataframe => InputForm::Frame,
        Features::Array { shape: Shape::Own(sizes), .. } if sizes.len() == 1 => InputForm::Line,
        Features::Array { .. } => InputForm::Array,
        Features::Table(_) => InputForm::Frame,
        Features::Text(_) => InputForm::Texts,
        Features::List { .. } => InputForm::Own,
    };
    Ok(Dataset { form: Some(form), ..dataset })
}

fn output_of(kept: KeptOutput) -> Result<ExpectedOutput, String> {
    let bytes = STANDARD.decode(&kept.base64).map_err(|error| format!("is no base64: {error}"))?;
    if Digest::of(&bytes) != kept.output.digest {
        return Err("is not what its digest says".to_owned());
    }
    Ok(ExpectedOutput { output: kept.output, bytes: bytes.into(), classes: Vec::new() })
}

/// An output as a museum keeps it.
pub fn kept(output: &OutputRef, bytes: &[u8]) -> KeptOutput {
    KeptOutput { output: output.clone(), base64: STANDARD.encode(bytes) }
}
