"""PolynomialFeatures moved in scikit-learn 1.0, and keeps since then how many columns it makes."""


@found_as
def polynomial_elsewhere(module, name):
    places = ("sklearn.preprocessing._data", "sklearn.preprocessing._polynomial")
    if name != "PolynomialFeatures" or not module.startswith("sklearn.preprocessing."):
        return []
    return [(place, name) for place in places if place != module]


@mend("sklearn", "PolynomialFeatures", read=">=1.0")
def polynomial_columns(it):
    if not it.has("n_output_features_") and not it.has("n_input_features_"):
        return
    degree = it.get("degree")
    low, high = degree if isinstance(degree, tuple) else (0, degree)
    count = int(it.get("n_features_in_", it.get("n_input_features_")))
    it.add("n_features_in_", count)
    counted = type(it.owner)._num_combinations
    total = counted(count, low, high, it.get("interaction_only"), it.get("include_bias"))
    it.add("_min_degree", low)
    it.add("_max_degree", high)
    it.add("_n_out_full", total)
    it.add("n_output_features_", total)


@mend("sklearn", "PolynomialFeatures", read="<1.0")
def polynomial_inputs(it):
    if it.has("n_output_features_"):
        it.add("n_input_features_", it.get("n_features_in_"))
    if isinstance(it.get("degree"), tuple):
        it.refuse("no-equivalent", what="a lowest degree")
