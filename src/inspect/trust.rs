//! Which globals ordinary artifacts refer to, and which run commands. Data in tables, no opinion elsewhere.

use crate::vocab::Trust;

/// Modules, with everything below them, that exist to run something, reach out, or change the interpreter.
pub(super) const DANGEROUS_MODULES: &[&str] = &[
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
    "ctypes",
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
    "scipy._lib.decorator",
    "scipy.weave",
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
    "FunctionMaker",
    "Unpickler",
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

/// Everything from these modules and below them is an ordinary part of artifacts, as far as the tables below say.
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
    "pyarrow.lib",
    "scipy",
    "sklearn",
    "_loss",
    "sklearn2pmml",
    "sklearn_pandas",
    "skops",
    "xgboost",
];

/// Parts of them that are not: they read and write files, start servers or processes, or run text as code.
const NOT_KNOWN: &[&str] = &[
    "catboost.utils",
    "lightgbm.dask",
    "numpy._core._internal",
    "numpy.core._internal",
    "numpy.ctypeslib",
    "numpy.lib._datasource",
    "numpy.lib._npyio_impl",
    "numpy.lib.npyio",
    "pandas._testing",
    "pandas.compat",
    "pandas.core.computation",
    "pandas.io",
    "pandas.plotting",
    "pandas.util",
    "scipy._lib._uarray",
    "scipy._lib.uarray",
    "scipy.datasets",
    "scipy.io",
    "skops.cli",
    "skops.hub_utils",
    "skops.io",
    "sklearn._build_utils",
    "sklearn.conftest",
    "sklearn.datasets",
    "sklearn.utils._mocking",
    "sklearn.utils._testing",
    "sklearn.utils.testing",
    "xgboost.dask",
    "xgboost.rabit",
    "xgboost.spark",
    "xgboost.testing",
    "xgboost.tracker",
];

/// Folders of tests, wherever they are.
const TESTS: &[&str] = &["tests", "testing", "conftest", "setup"];

/// Of these modules only these names.
const ONLY: &[(&str, &[&str])] = &[
    (
        "joblib.memory",
        &["MemorizedFunc", "MemorizedResult", "Memory", "NotMemorizedFunc", "NotMemorizedResult"],
    ),
    ("joblib.numpy_pickle", &["NDArrayWrapper", "NumpyArrayWrapper", "ZNDArrayWrapper"]),
    ("joblib.numpy_pickle_compat", &["NDArrayWrapper", "ZNDArrayWrapper"]),
    ("sklearn.externals.joblib.numpy_pickle", &["NDArrayWrapper", "NumpyArrayWrapper", "ZNDArrayWrapper"]),
    ("sklearn.datasets.base", &["Bunch"]),
];

/// Classes of Python and others that known packages have imported, so that they can be had through them.
const STRANGERS: &[&str] = &[
    "BZ2File",
    "BufferedReader",
    "BufferedWriter",
    "CDLL",
    "CFUNCTYPE",
    "CodeType",
    "DataSource",
    "ExcelFile",
    "ExcelWriter",
    "FileIO",
    "FunctionType",
    "GzipFile",
    "HDFStore",
    "HTTPServer",
    "LZMAFile",
    "LambdaType",
    "LowLevelCallable",
    "MapWrapper",
    "MemoryMappedFile",
    "ModuleType",
    "MultiprocessingBackend",
    "NamedTemporaryFile",
    "NumpyPickler",
    "NumpyUnpickler",
    "OSFile",
    "Parallel",
    "Pool",
    "Process",
    "ProcessPoolExecutor",
    "PyDLL",
    "PytestTester",
    "RabitTracker",
    "Repository",
    "Request",
    "SpooledTemporaryFile",
    "TarFile",
    "TempMemmap",
    "TemporaryDirectory",
    "TemporaryFile",
    "TextIOWrapper",
    "Thread",
    "ThreadPool",
    "ThreadPoolExecutor",
    "Timer",
    "ZipFile",
];

/// Words in names of functions that read, write, fetch or run something.
const REACHING_OUT: &[&str] = &[
    "download",
    "dump",
    "dumps",
    "exec",
    "execute",
    "fetch",
    "fromfile",
    "fromregex",
    "genfromtxt",
    "import",
    "load",
    "loads",
    "loadtxt",
    "open",
    "read",
    "recfromcsv",
    "recfromtxt",
    "run",
    "save",
    "savetxt",
    "savez",
    "spawn",
    "tofile",
    "unpickle",
    "urlopen",
    "write",
];

/// Copies of other packages inside scikit-learn, of which only what `ONLY` names is an ordinary part.
const VENDORED: &str = "sklearn.externals";

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
            "FutureWarning",
            "DeprecationWarning",
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
    ("types", &["SimpleNamespace"]),
    ("zoneinfo", &["ZoneInfo._unpickle"]),
];

/// Functions of known packages that rebuild values; all others are named as code when loading calls them.
const REBUILDING: &[(&str, &[&str])] = &[
    (
        "numpy",
        &[
            "__bit_generator_ctor",
            "__generator_ctor",
            "__randomstate_ctor",
            "_frombuffer",
            "_mareconstruct",
            "_reconstruct",
            "_ufunc_reconstruct",
            "bool_",
            "dtype",
            "ndarray",
            "scalar",
            "str_",
        ],
    ),
    (
        "pandas",
        &[
            "_nat_unpickle",
            "_new_DatetimeIndex",
            "_new_Index",
            "_new_PeriodIndex",
            "_unpickle_block",
            "_unpickle_timestamp",
        ],
    ),
    ("pyarrow.lib", &["_restore_array", "field", "py_buffer", "schema", "string", "type_for_alias"]),
    ("sklearn", &["newObj"]),
];

/// dill's helpers: what they do at loading. All other names of dill run or load something.
const DILL: &[(&str, Trust)] = &[
    // A table of names of types, and containers for values.
    ("_load_type", Trust::Known),
    ("_create_array", Trust::Known),
    ("_create_cell", Trust::Known),
    ("_create_dtypemeta", Trust::Known),
    ("_create_namedtuple", Trust::Known),
    ("_create_ftype", Trust::Known),
    // Functions and classes that travel in the file: made now, run by whoever calls them.
    ("_create_code", Trust::Unknown),
    ("_create_function", Trust::Unknown),
    ("_create_type", Trust::Unknown),
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
    if within(module, "dill") {
        let known = DILL.iter().find(|(known, _)| *known == name && module == "dill._dill");
        return known.map_or(Trust::Dangerous, |(_, trust)| *trust);
    }
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
    // `sklearn.base` with the name `os.system` reaches through a module: only attributes of classes are ordinary.
    let reaches_through = parts[..parts.len() - 1].iter().any(|part| !is_class(part));
    if reaches_through || !is_known_module(module, name) || parts.iter().any(|part| STRANGERS.contains(part))
    {
        return Trust::Unknown;
    }
    let rebuilding =
        REBUILDING.iter().any(|(package, names)| within(module, package) && names.contains(&last));
    if rebuilding || last.starts_with("__pyx_unpickle_") {
        return Trust::Known;
    }
    match (is_class(last), called) {
        (true, _) => Trust::Known,
        (false, true) => lower_case_class(module, last),
        // It is kept, and nothing of the file calls it; but who has the model may.
        (false, false) if last.split('_').any(|word| REACHING_OUT.contains(&word)) => Trust::Unknown,
        (false, false) => Trust::Known,
    }
}

/// Whether a name of a module is one of those that ordinary artifacts refer to.
fn is_known_module(module: &str, name: &str) -> bool {
    if let Some((_, names)) = ONLY.iter().find(|(only, _)| within(module, only)) {
        return names.contains(&name);
    }
    let part_of = |packages: &[&str]| packages.iter().any(|package| within(module, package));
    part_of(KNOWN_PACKAGES)
        && !part_of(NOT_KNOWN)
        && !within(module, VENDORED)
        && !module.split('.').any(|word| TESTS.contains(&word))
}

/// Classes with names in lower case that loading calls.
fn lower_case_class(module: &str, name: &str) -> Trust {
    let sparse = within(module, "scipy.sparse") && (name.ends_with("_matrix") || name.ends_with("_array"));
    let scalar = within(module, "numpy")
        && (name.starts_with("float") || name.starts_with("int") || name.starts_with("uint"));
    let distribution = within(module, "scipy.stats") && (name.ends_with("_gen") || name.ends_with("_frozen"));
    let spline = within(module, "scipy.interpolate");
    let kernel = matches!(name, "matrix" | "recarray" | "interp1d" | "void" | "vectorize");
    if sparse || scalar || distribution || spline || kernel { Trust::Known } else { Trust::Unknown }
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
            ("numpy", "memmap", true, Trust::Unknown),
            ("numpy", "memmap", false, Trust::Known),
            ("numpy", "load", false, Trust::Unknown),
            ("numpy.lib.npyio", "NpzFile", true, Trust::Unknown),
            ("joblib.numpy_pickle", "load", false, Trust::Unknown),
            ("joblib.numpy_pickle", "NumpyUnpickler", true, Trust::Unknown),
            ("joblib.memory", "Memory", true, Trust::Known),
            ("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper", true, Trust::Known),
            ("sklearn.datasets._base", "GzipFile", true, Trust::Unknown),
            ("sklearn.utils.tests.test_x", "Evil", true, Trust::Unknown),
            ("sklearn.metrics._dist_metrics", "newObj", true, Trust::Known),
            ("scipy.io", "FortranFile", true, Trust::Unknown),
            ("scipy._lib.decorator", "FunctionMaker.create", true, Trust::Dangerous),
            ("pyarrow.lib", "OSFile", true, Trust::Unknown),
            ("pyarrow.lib", "type_for_alias", true, Trust::Known),
            ("pandas._libs.internals", "_unpickle_block", true, Trust::Known),
            ("pandas.core.arrays.x", "array", true, Trust::Unknown),
            ("osmium", "Map", true, Trust::Unknown),
            ("dill._dill", "_load_type", true, Trust::Known),
            ("dill._dill", "_create_code", true, Trust::Unknown),
            ("dill._dill", "_eval_repr", true, Trust::Dangerous),
            ("dill.session", "load_session", true, Trust::Dangerous),
            ("dill", "loads", true, Trust::Dangerous),
            ("pandas", "HDFStore", true, Trust::Unknown),
            ("pandas", "DataFrame", true, Trust::Known),
        ];
        for (module, name, called, expected) in rows {
            assert_eq!(trust(module, name, called), expected, "{module}.{name}");
        }
    }
}
