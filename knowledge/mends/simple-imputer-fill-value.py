"""Since scikit-learn 1.8 SimpleImputer stores what it fills in with the type of its input; earlier
releases fill in what they keep, whatever its type, but refuse to cast it to another."""


@mend("sklearn", "SimpleImputer", written=">=1.8", read="<1.8")
def imputer_statistics_as_fitted(it):
    import numpy

    statistics, kind = it.get("statistics_"), it.get("_fit_dtype")
    if statistics is None or kind is None or statistics.dtype == kind:
        return
    if numpy.dtype(kind).kind in "fO":
        it.set("statistics_", statistics.astype(kind), "with the type of the training data")
