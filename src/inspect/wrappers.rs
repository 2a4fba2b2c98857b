//! Packages that somebody has to install beside scikit-learn.

use super::standard::is_standard;
use super::trust::modern;

/// The package of a module, where it is one that somebody has to install beside scikit-learn.
pub(super) fn wrapper(module: &str) -> Option<&str> {
    let package = modern(module).split('.').next().unwrap_or(module);
    let own = ["sklearn", "_loss", "numpy", "scipy", "joblib", "__main__", ""];
    (!own.contains(&package) && !is_standard(package)).then_some(package)
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
        for standard in
            ["os", "doctest", "imaplib", "_operator", "lib2to3", "_frozen_importlib", "cPickle", "tkinter"]
        {
            assert_eq!(wrapper(standard), None, "{standard} comes with Python");
        }
        assert_eq!(wrapper("dill._dill"), Some("dill"));
    }
}
