"""Since scikit-learn 0.23 a GaussianProcessRegressor that normalizes divides its target by the
deviation _y_train_std, one where it does not. Files of 0.22, which only subtract the mean, are read
with a deviation of one. Downwards the deviation goes into the weights alpha_ and the kernel cannot
take it, so that predict is the same and its deviation is not."""


@mend("sklearn", "GaussianProcessRegressor", read=">=0.23")
def target_not_scaled(it):
    import numpy

    if it.has("_y_train_mean"):
        mean = numpy.asarray(it.get("_y_train_mean"), dtype=float)
        if mean.shape == (1,) and it.read >= (1, 1, 0):
            mean = mean[0]
        it.add("_y_train_std", numpy.ones_like(mean), "the writer does not scale")


@mend(
    "sklearn", "GaussianProcessRegressor", written=">=0.23", read="<0.23", exactness="predict-only"
)
def target_scaled_by_weights(it):
    import numpy

    scale = it.get("_y_train_std")
    if scale is None or not numpy.any(numpy.asarray(scale) != 1):
        return
    it.set("alpha_", it.get("alpha_") * numpy.asarray(scale), "the reader does not scale")
    it.said("predict(return_std=True) is not scaled by the reader, and differs")
