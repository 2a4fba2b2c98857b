"""Since scikit-learn 1.1 a GaussianProcessRegressor keeps a scale for each target; 0.24 to 1.0
multiply the deviation of a row by it as if there were one target. Where all are one, as without
normalizing, one number is the same."""


@mend("sklearn", "GaussianProcessRegressor", written=">=1.1", read=">=0.23,<1.1")
def one_scale_for_all(it):
    import numpy

    scale = it.get("_y_train_std")
    if numpy.ndim(scale) and (numpy.asarray(scale) == 1).all():
        it.set("_y_train_std", numpy.ones(1), "one for all targets")
