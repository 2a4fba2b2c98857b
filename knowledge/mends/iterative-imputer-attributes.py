"""The bounds of IterativeImputer are an array with an entry a feature since scikit-learn 0.23, one
number before; since 1.6 it keeps which features were empty, which its first imputer knows."""


@mend("sklearn", "IterativeImputer", read=">=0.23")
def bounds_by_feature(it):
    import numpy

    first = it.get("initial_imputer_")
    count = None if first is None else len(first.statistics_)
    for key in ("_min_value", "_max_value"):
        if count is not None and it.has(key) and numpy.ndim(it.get(key)) == 0:
            it.set(key, numpy.full(count, it.get(key), dtype=float), "one a feature")


@mend("sklearn", "IterativeImputer", read="<0.23")
def bounds_in_one(it):
    import numpy

    for key in ("_min_value", "_max_value"):
        if it.has(key) and numpy.ndim(it.get(key)) == 1:
            values = numpy.unique(it.get(key))
            if len(values) != 1:
                it.refuse("no-equivalent", what="bounds that differ by feature")
            it.set(key, float(values[0]), "the same for all features")


@mend("sklearn", "IterativeImputer", read=">=1.6")
def empty_features(it):
    import numpy

    if it.has("initial_imputer_"):
        statistics = numpy.asarray(it.get("initial_imputer_").statistics_, dtype=float)
        it.add("_is_empty_feature", numpy.isnan(statistics))
