//! What globals mean to the reader, by their names.

use super::trust;

/// What a global means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing special.
    Ordinary,
    /// `numpy.dtype`.
    Dtype,
    /// `_reconstruct` of numpy: an array whose state follows.
    Reconstruct,
    /// A numpy scalar.
    Scalar,
    /// `_frombuffer` of numpy: an array from a buffer of protocol 5.
    FromBuffer,
    /// `_codecs.encode`: bytes in protocols below 3.
    Encode,
    /// Makes an instance of its first argument.
    MakesFirst,
    /// Keeps functions that it is given, and calls none.
    Keeps,
    /// `getattr`, which is how bound methods are written.
    Attribute,
    /// `setattr`, by which dill completes the classes that it makes.
    SetAttribute,
    /// dill's making of a class.
    MakesClass,
    /// dill's making of an array, which calls its first argument with the second one.
    CallsFirst,
    /// Makes text of something.
    Text,
    /// Imports a name of a module, both given as text.
    Import,
    /// A distribution of scipy, which runs text of its state as code.
    Distribution,
    /// The wrapper behind whose state joblib puts the bytes of an array.
    Wrapper,
    /// The wrapper of joblib before 0.10: arrays are in files of their own.
    FileWrapper,
    /// The class of code objects.
    Code,
    /// dill's making of a code object: since Python 3.10 with the table of lines before all others.
    DillCode,
    /// cloudpickle's way to name a type of Python.
    BuiltinType,
    /// The tree of `sklearn.tree`.
    Tree,
    /// A tree of `sklearn.neighbors`.
    NeighbourTree,
}

/// What a name of a module means.
pub(super) fn role(module: &str, name: &str) -> Role {
    let numpy = module == "numpy" || module.starts_with("numpy.");
    match name {
        "dtype" if numpy => Role::Dtype,
        "_reconstruct" if numpy => Role::Reconstruct,
        "scalar" if numpy => Role::Scalar,
        "_frombuffer" if numpy => Role::FromBuffer,
        "encode" if module == "_codecs" => Role::Encode,
        "_reconstructor" | "__newobj__" | "__newobj_ex__" if trust::modern(module) == "copyreg" => {
            Role::MakesFirst
        }
        "newObj" => Role::MakesFirst,
        "NumpyArrayWrapper" if module.ends_with("joblib.numpy_pickle") => Role::Wrapper,
        "NDArrayWrapper" | "ZNDArrayWrapper" if module.contains("joblib.numpy_pickle") => Role::FileWrapper,
        "CodeType" if module == "types" => Role::Code,
        "_builtin_type" => Role::BuiltinType,
        "getattr" if trust::modern(module) == "builtins" => Role::Attribute,
        "setattr" if trust::modern(module) == "builtins" => Role::SetAttribute,
        "_create_type" if module == "dill._dill" => Role::MakesClass,
        "_create_array" if module == "dill._dill" => Role::CallsFirst,
        "_create_code" if module == "dill._dill" => Role::DillCode,
        "str" | "unicode" if trust::modern(module) == "builtins" => Role::Text,
        "_ufunc_reconstruct" if numpy => Role::Import,
        "partial" if trust::modern(module) == "functools" => Role::Keeps,
        "defaultdict" if module == "collections" => Role::Keeps,
        "Tree" if module.starts_with("sklearn.tree") => Role::Tree,
        "KDTree" | "BallTree" | "KDTree64" | "KDTree32" | "BallTree64" | "BallTree32" => Role::NeighbourTree,
        _ if name.starts_with("__pyx_unpickle_") => Role::MakesFirst,
        _ if module.starts_with("scipy.stats") => Role::Distribution,
        _ => Role::Ordinary,
    }
}
