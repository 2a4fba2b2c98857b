"""SimpleImputer keeps the dtype that it was fitted on as _fit_dtype since scikit-learn 1.1.2, and
that of what it fills in as _fill_dtype since 1.8. Without them, the dtype of its statistics is what
it was fitted on: older releases compute them in it, and those of text are objects. Where the values
missing are NaN, whole numbers have become floats in both. keep_empty_features came with 1.2."""

given("sklearn", "SimpleImputer KNNImputer IterativeImputer", keep_empty_features=False)


@mend("sklearn", "SimpleImputer")
def imputer_dtypes(it):
    statistics = it.get("statistics_")
    if statistics is None:
        return
    it.add("_fit_dtype", statistics.dtype, "that of the statistics")
    it.add("_fill_dtype", it.get("_fit_dtype"), "that of the statistics")
