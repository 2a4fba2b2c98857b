"""Searches of scikit-learn 0.20 keep their results in a dictionary that warns about old keys, which
is gone since 0.21. It is an ordinary dictionary but for the warnings."""

held("sklearn.utils.deprecation", "DeprecationDict")


@mend("sklearn", "BaseSearchCV")
def results_as_dictionary(it):
    results = it.get("cv_results_")
    if is_gone(results):
        it.set("cv_results_", dict(results.items), "a plain dictionary")
