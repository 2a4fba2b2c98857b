//! Which globals ordinary artifacts refer to, and which run commands. Data in tables, no opinion elsewhere.

use crate::vocab::Trust;

/// Modules, with everything below them, that exist to run something, reach out, or change the interpreter.
const DANGEROUS_MODULES: &[&str] = &[
    "_io",
    "_pickle",
    "_posixsubprocess",
    "_thread",
    "aiohttp",
    "asyncio",
    "bdb",
    "cProfile",
    "code",
    "codeop",
    "commands",
    "cloudpickle.cloudpickle.subimport",
    "ctypes",
    "dill",
    "distutils",
    "ensurepip",
    "ftplib",
    "gc",
    "glob",
    "http",
    "httplib",
    "idlelib",
    "imp",
    "importlib",
    "inspect",
    "io",
    "linecache",
    "marshal",
    "multiprocessing",
    "nt",
    "ntpath",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.testing",
    "os",
    "paramiko",
    "pdb",
    "pickle",
    "pickletools",
    "pip",
    "pkgutil",
    "platform",
    "popen2",
    "posix",
    "posixpath",
    "profile",
    "pty",
    "pydoc",
    "requests",
    "runpy",
    "shelve",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "test",
    "threading",
    "timeit",
    "torch.hub",
    "trace",
    "urllib",
    "urllib2",
    "uuid.os",
    "venv",
    "webbrowser",
    "xmlrpc",
    "zipimport",
];

/// Names that run text or reach attributes by text, wherever they are imported from.
const DANGEROUS_NAMES: &[&str] = &[
    "Popen",
    "__import__",
    "apply",
    "attrgetter",
    "breakpoint",
    "check_call",
    "check_output",
    "compile",
    "delattr",
    "eval",
    "exec",
    "execfile",
    "execv",
    "execve",
    "getattr",
    "globals",
    "input",
    "locals",
    "methodcaller",
    "open",
    "popen",
    "read_pickle",
    "reload",
    "run_path",
    "runstring",
    "setattr",
    "spawn",
    "startfile",
    "system",
    "vars",
];

/// Everything from these modules and below them is an ordinary part of artifacts, as far as `from_known_package` says.
const KNOWN_PACKAGES: &[&str] = &[
    "catboost",
    "category_encoders",
    "imblearn",
    "joblib.memory",
    "joblib.numpy_pickle",
    "joblib.numpy_pickle_compat",
    "lightgbm",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "_loss",
    "sklearn2pmml",
    "sklearn_pandas",
    "skops",
    "xgboost",
];

/// Parts of them that are not.
const NOT_KNOWN: &[&str] =
    &["scipy._lib.uarray", "scipy.weave", "pandas.io", "pandas.compat", "numpy.lib.npyio"];

/// Copies of other packages inside scikit-learn: only what joblib needs is an ordinary part.
const VENDORED: (&str, &str) = ("sklearn.externals", "sklearn.externals.joblib.numpy_pickle");

/// Names of Python itself that rebuild plain values.
const KNOWN_GLOBALS: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "bool",
            "bytearray",
            "bytes",
            "complex",
            "dict",
            "float",
            "frozenset",
            "int",
            "list",
            "long",
            "object",
            "range",
            "reversed",
            "set",
            "slice",
            "str",
            "tuple",
            "type",
            "unicode",
            "xrange",
            "Ellipsis",
            "NotImplemented",
            "Exception",
            "ValueError",
            "TypeError",
            "KeyError",
            "RuntimeError",
            "UserWarning",
        ],
    ),
    ("copyreg", &["_reconstructor", "__newobj__", "__newobj_ex__"]),
    ("_codecs", &["encode"]),
    ("collections", &["OrderedDict", "defaultdict", "deque", "Counter", "ChainMap"]),
    ("datetime", &["date", "datetime", "time", "timedelta", "timezone"]),
    ("decimal", &["Decimal"]),
    ("fractions", &["Fraction"]),
    ("functools", &["partial"]),
    ("operator", &["itemgetter"]),
    ("array", &["array", "_array_reconstructor"]),
    ("re", &["_compile"]),
    ("uuid", &["UUID", "SafeUUID"]),
    ("pathlib", &["Path", "PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"]),
    ("pathlib._local", &["Path", "PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"]),
    ("zoneinfo", &["ZoneInfo._unpickle"]),
];

/// Functions of known packages that rebuild values; all others are named as code when loading calls them.
const REBUILDING: &[&str] = &[
    "_frombuffer",
    "_mareconstruct",
    "_new_Index",
    "_new_DatetimeIndex",
    "_new_PeriodIndex",
    "_reconstruct",
    "_ufunc_reconstruct",
    "_unpickle_block",
    "_unpickle_timestamp",
    "_nat_unpickle",
    "_restore_array",
    "__bit_generator_ctor",
    "__generator_ctor",
    "__randomstate_ctor",
    "__newobj__",
    "dtype",
    "interval_range",
    "ndarray",
    "newObj",
    "scalar",
    "str_",
    "bool_",
    "type_for_alias",
    "string",
    "schema",
    "field",
    "array",
    "py_buffer",
    "_c_internal_utils",
];

/// The name under which Python 3 knows a module of Python 2.
pub(super) fn modern(module: &str) -> &str {
    match module {
        "__builtin__" => "builtins",
        "copy_reg" => "copyreg",
        "UserDict" | "UserList" => "collections",
        other => other,
    }
}

fn within(module: &str, package: &str) -> bool {
    module.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a name is written as classes are.
pub(super) fn is_class(name: &str) -> bool {
    name.trim_start_matches('_').chars().next().is_some_and(char::is_uppercase)
}

/// How far a global is trusted; `called` says whether loading calls it.
pub(super) fn trust(module: &str, name: &str, called: bool) -> Trust {
    let module = modern(module);
    let parts: Vec<&str> = name.split('.').collect();
    let last = parts.last().copied().unwrap_or(name);
    if DANGEROUS_MODULES.iter().any(|package| within(module, package))
        || parts.iter().any(|part| DANGEROUS_NAMES.contains(part))
    {
        return Trust::Dangerous;
    }
    if KNOWN_GLOBALS.iter().any(|(known, names)| *known == module && names.contains(&name)) {
        return Trust::Known;
    }
    let known = KNOWN_PACKAGES.iter().any(|package| within(module, package))
        && !NOT_KNOWN.iter().any(|package| within(module, package))
        && (!within(module, VENDORED.0) || within(module, VENDORED.1));
    // `sklearn.base` with the name `os.system` reaches through a module: only attributes of classes are ordinary.
    let reaches_through = parts[..parts.len() - 1].iter().any(|part| !is_class(part));
    if !known || reaches_through {
        return Trust::Unknown;
    }
    if !called || is_class(last) || REBUILDING.contains(&last) || last.starts_with("__pyx_unpickle_") {
        Trust::Known
    } else {
        lower_case_class(module, last)
    }
}

/// Classes with names in lower case that loading calls.
fn lower_case_class(module: &str, name: &str) -> Trust {
    let sparse = within(module, "scipy.sparse") && (name.ends_with("_matrix") || name.ends_with("_array"));
    let scalar = within(module, "numpy")
        && (name.starts_with("float") || name.starts_with("int") || name.starts_with("uint"));
    let distribution = within(module, "scipy.stats") && (name.ends_with("_gen") || name.ends_with("_frozen"));
    let spline = within(module, "scipy.interpolate");
    let kernel = matches!(name, "matrix" | "memmap" | "recarray" | "interp1d" | "void");
    if sparse || scalar || distribution || spline || kernel { Trust::Known } else { Trust::Unknown }
}

/// The package of a module, where it is one that somebody has to install beside scikit-learn.
pub(super) fn wrapper(module: &str) -> Option<&str> {
    let package = modern(module).split('.').next().unwrap_or(module);
    let own = [
        "sklearn",
        "_loss",
        "numpy",
        "scipy",
        "joblib",
        "__main__",
        "builtins",
        "copyreg",
        "_codecs",
        "collections",
        "datetime",
        "decimal",
        "fractions",
        "functools",
        "operator",
        "array",
        "re",
        "uuid",
        "pathlib",
        "zoneinfo",
        "types",
        "typing",
        "enum",
        "string",
        "math",
        "abc",
        "itertools",
        "random",
        "copy",
        "logging",
        "warnings",
        "weakref",
        "dataclasses",
        "contextlib",
        "numbers",
        "",
    ];
    let standard =
        DANGEROUS_MODULES.contains(&package) && !matches!(package, "dill" | "requests" | "paramiko");
    (!own.contains(&package) && !standard).then_some(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_parts_are_known_and_code_is_named() {
        let rows = [
            ("sklearn.linear_model._logistic", "LogisticRegression", true, Trust::Known),
            ("sklearn.tree._tree", "Tree", true, Trust::Known),
            ("numpy._core.multiarray", "_reconstruct", true, Trust::Known),
            ("numpy", "log1p", false, Trust::Known),
            ("numpy", "log1p", true, Trust::Unknown),
            ("numpy", "float64", true, Trust::Known),
            ("sklearn._loss._loss", "__pyx_unpickle_CyHalfBinomialLoss", true, Trust::Known),
            ("scipy.sparse._csr", "csr_matrix", true, Trust::Known),
            ("__builtin__", "set", true, Trust::Known),
            ("__builtin__", "eval", true, Trust::Dangerous),
            ("posix", "system", true, Trust::Dangerous),
            ("os.path", "join", false, Trust::Dangerous),
            ("sklearn.base", "os.system", true, Trust::Dangerous),
            ("sklearn.base", "warnings.warn", true, Trust::Unknown),
            ("sklearn.externals._packaging.version", "Version", true, Trust::Unknown),
            ("numpy.testing._private.utils", "runstring", true, Trust::Dangerous),
            ("sklearnx", "Forest", true, Trust::Unknown),
            ("__main__", "Shift", true, Trust::Unknown),
            ("osmium", "Map", true, Trust::Unknown),
        ];
        for (module, name, called, expected) in rows {
            assert_eq!(trust(module, name, called), expected, "{module}.{name}");
        }
    }

    #[test]
    fn wrappers_are_packages_that_somebody_installs() {
        assert_eq!(wrapper("xgboost.sklearn"), Some("xgboost"));
        assert_eq!(wrapper("mypackage.steps"), Some("mypackage"));
        assert_eq!(wrapper("sklearn.pipeline"), None);
        assert_eq!(wrapper("__builtin__"), None);
        assert_eq!(wrapper("os"), None);
    }
}
