"""Hist gradient boosting of scikit-learn 0.24 and later knows categories, and its bin mapper keeps
what is known of them. Files of earlier releases have none."""


@mend("sklearn", "_BinMapper")
def bins_without_categories(it):
    import numpy

    if it.read is None or it.read < (0, 24, 0):
        return
    count = len(it.get("bin_thresholds_", it.get("n_bins_non_missing_", ())))
    it.add("is_categorical", None)
    it.add("known_categories", None)
    it.add("is_categorical_", numpy.zeros(count, dtype=numpy.uint8))
    if it.has("n_bins"):
        it.add("missing_values_bin_idx_", it.get("n_bins") - 1)


@mend("sklearn", "BaseHistGradientBoosting", read=">=0.24")
def hist_without_categories(it):
    it.add("is_categorical_", None)


@mend("sklearn", "BaseHistGradientBoosting", written=">=1.4", read="<1.4", late=True)
def hist_categories_in_place(it):
    """Older readers take columns where they stand and codes as they come; 1.4 moves the columns of
    categories to the front and encodes them."""
    columns = it.get("is_categorical_")
    if columns is not None and columns.any():
        it.refuse("no-equivalent", what="categorical columns, which the writer moves and encodes")
    it.drop("_preprocessor", "there are no categorical columns for it")
