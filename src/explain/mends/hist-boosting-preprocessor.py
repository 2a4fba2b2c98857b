"""Since scikit-learn 1.4 hist gradient boosting prepares its input with a ColumnTransformer that
puts categorical columns first and encodes them. Older files do not have one, and their trees know
the columns in place. Without categories there is nothing to prepare. With them, a preparer is made
that does the same as fitting would: it takes the categories that the bin mapper knows, and the
columns of the trees are counted in its order; codes become those of the encoder, so that the sets
of categories in the nodes are written anew."""


@mend("sklearn", "BaseHistGradientBoosting", read=">=1.4", late=True)
def hist_preprocessor(it):
    if it.has("_preprocessor"):
        return
    columns = it.get("is_categorical_")
    if columns is not None and columns.any():
        it.refuse("no-equivalent", what="categorical columns of a release without a preprocessor")
    it.set("_preprocessor", None, "no categorical columns")
    it.add("_is_categorical_remapped", None)
