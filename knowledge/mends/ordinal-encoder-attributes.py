"""OrdinalEncoder has handle_unknown since scikit-learn 0.24, and keeps _missing_indices since 1.0
and _infrequent_enabled since 1.3. A category that is missing is the last one, as it is sorted."""

given(
    "sklearn",
    "OrdinalEncoder",
    handle_unknown="error",
    unknown_value=None,
    min_frequency=None,
    max_categories=None,
)


@mend("sklearn", "OrdinalEncoder")
def ordinal_attributes(it):
    if not it.has("categories_"):
        return
    it.add("_infrequent_enabled", False, "the writer knows no infrequent categories")
    it.add("_missing_indices", {}, "the writer encodes no missing values")
