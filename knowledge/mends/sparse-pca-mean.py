"""Since scikit-learn 0.22 SparsePCA always subtracts a mean and scales no result; before, it did so
with normalize_components only. Models without it scale each column by its norm over the rows that
they are given, which no reader does."""


@mend("sklearn", "SparsePCA MiniBatchSparsePCA", written="<0.22", read=">=0.22")
def mean_is_subtracted(it):
    if it.has("components_") and not it.has("mean_"):
        it.refuse("no-equivalent", what="components that are not normalized")
