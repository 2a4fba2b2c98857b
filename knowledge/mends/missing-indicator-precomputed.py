"""Since scikit-learn 0.24 a MissingIndicator says in _precomputed whether it is given a mask, which
imputers do with theirs, instead of data."""


@mend("sklearn", "MissingIndicator", read=">=0.24")
def indicator_is_given_data(it):
    it.add("_precomputed", False)
    if it.has("n_features_in_"):
        it.add("_n_features", it.get("n_features_in_"))


@mend("sklearn", "SimpleImputer KNNImputer IterativeImputer", written="<0.24", read=">=0.24")
def indicator_of_imputer_is_given_a_mask(it):
    indicator = it.get("indicator_")
    if indicator is not None and not indicator._precomputed:
        indicator._precomputed = True
        it.said("indicator_._precomputed = True (an imputer hands it a mask)")
