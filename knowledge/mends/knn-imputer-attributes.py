"""KNNImputer keeps since scikit-learn 1.1 as _valid_mask which columns had a value. It follows from
the mask of the training data."""


@mend("sklearn", "KNNImputer", read=">=1.1")
def columns_with_values(it):
    import numpy

    if it.has("_mask_fit_X"):
        it.add("_valid_mask", numpy.logical_not(numpy.all(it.get("_mask_fit_X"), axis=0)))
