//! Which part of loading an exception belongs to.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::knowledge;
use crate::vocab::{ErrorFact, Stage};

static KNOWN: LazyLock<Known> = LazyLock::new(|| knowledge::table("messages.toml"));

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// Exceptions that only codecs and the pickle machine itself raise.
    classes: Vec<String>,
    /// Texts of exceptions of general classes that codecs and the pickle machine raise.
    texts: Vec<String>,
}

/// The stage of an exception raised while loading: `resolve` for a module or attribute that is missing, `read`
/// for codec, protocol and truncation, `state` for everything that building the objects raises.
pub fn load_stage(error: &ErrorFact) -> Stage {
    let is = |class: &str| error.class == class || error.bases.iter().any(|base| base == class);
    if is("ImportError") {
        return Stage::Resolve;
    }
    if is("AttributeError")
        && (error.message.starts_with("Can't get attribute")
            || error.message.starts_with("Can't get local attribute")
            || (error.message.starts_with("module '") && error.message.contains("has no attribute")))
    {
        return Stage::Resolve;
    }
    if KNOWN.classes.iter().any(|class| is(class))
        || KNOWN.texts.iter().any(|text| error.message.contains(text))
        || is_opcode_key(error)
        || is_unpickling_itself(error)
    {
        return Stage::Read;
    }
    Stage::State
}

/// A `KeyError` about a small number is the pickle machine at a byte that is no opcode: what an older joblib
/// says of the alignment pad that joblib 1.2 and later put before arrays.
fn is_opcode_key(error: &ErrorFact) -> bool {
    error.class == "KeyError" && error.message.parse::<u8>().is_ok()
}

/// The Python implementation of the pickle machine, which joblib uses, raises `IndexError` and the like from its
/// own frames when the bytes make no sense.
fn is_unpickling_itself(error: &ErrorFact) -> bool {
    matches!(error.class.as_str(), "IndexError" | "AssertionError")
        && error.frames.last().is_some_and(|frame| frame.starts_with("pickle:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(class: &str, bases: &[&str], message: &str) -> ErrorFact {
        ErrorFact {
            class: class.to_owned(),
            message: message.to_owned(),
            bases: bases.iter().map(|base| (*base).to_owned()).collect(),
            module: None,
            frames: Vec::new(),
            importing: None,
        }
    }

    #[test]
    fn stages_of_real_messages() {
        let rows = [
            (
                "ModuleNotFoundError",
                &["ImportError"][..],
                "No module named 'sklearn.tree.tree'",
                Stage::Resolve,
            ),
            (
                "AttributeError",
                &[],
                "Can't get attribute 'EuclideanDistance' on <module 'sklearn.metrics._dist_metrics'>",
                Stage::Resolve,
            ),
            ("AttributeError", &[], "module 'numpy' has no attribute '_core'", Stage::Resolve),
            ("AttributeError", &[], "'Tree' object has no attribute 'missing'", Stage::State),
            ("KeyError", &["LookupError"], "255", Stage::Read),
            ("KeyError", &["LookupError"], "'missing_go_to_left'", Stage::State),
            ("ValueError", &[], "unsupported pickle protocol: 5", Stage::Read),
            ("ValueError", &[], "node array from the pickle has an incompatible dtype:", Stage::State),
            ("_pickle.UnpicklingError", &["pickle.PickleError"], "pickle data was truncated", Stage::Read),
            ("EOFError", &[], "Ran out of input", Stage::Read),
            (
                "onnxruntime.capi.onnxruntime_pybind11_state.Fail",
                &[],
                "[ONNXRuntimeError] : 1 : FAIL : Fatal error: ai.onnx:Adt(-1) is not a registered function/op",
                Stage::Read,
            ),
            (
                "onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented",
                &[],
                "[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Could not find an implementation for X(1)",
                Stage::State,
            ),
            ("TypeError", &[], "__cinit__() takes exactly 3 positional arguments (0 given)", Stage::State),
        ];
        for (class, bases, message, stage) in rows {
            assert_eq!(load_stage(&error(class, bases, message)), stage, "{class}: {message}");
        }
    }
}
