//! Packages that somebody has to install beside scikit-learn.

use super::trust::{DANGEROUS_MODULES, modern};

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
    fn wrappers_are_packages_that_somebody_installs() {
        assert_eq!(wrapper("xgboost.sklearn"), Some("xgboost"));
        assert_eq!(wrapper("mypackage.steps"), Some("mypackage"));
        assert_eq!(wrapper("sklearn.pipeline"), None);
        assert_eq!(wrapper("__builtin__"), None);
        assert_eq!(wrapper("os"), None);
    }
}
