"""Up to scikit-learn 1.1 BayesianRidge and ARDRegression normalize on request (normalize, or
_normalize in 1.0 and 1.1), and scale the features before they compute a standard deviation. Since
1.2 they do not. The scaling goes into sigma_, since X' S X' with X' = (X - o) / s is the same as
(X - o) S' (X - o) with S' = S / (s s); the offset is subtracted again since 1.9."""


@mend("sklearn", "BayesianRidge ARDRegression", read="<1.0")
def normalize_as_parameter(it):
    kept = it.get("_normalize", it.get("normalize", False))
    if it.get("normalize") is not bool(kept is True):
        it.set("normalize", kept is True, "what the writer does")


@mend("sklearn", "BayesianRidge ARDRegression", read=">=1.0,<1.2")
def normalize_as_private(it):
    it.add("_normalize", it.get("normalize", False) is True, "what the writer does")


@mend("sklearn", "BayesianRidge ARDRegression", read=">=1.2", exactness="roundoff")
def normalize_in_sigma(it):
    import numpy

    said = it.get("_normalize", it.get("normalize", False))
    if said is True and it.has("sigma_"):
        scale = numpy.asarray(it.get("X_scale_"), dtype=float)
        if it.kind == "ARDRegression":
            scale = scale[it.get("lambda_") < it.get("threshold_lambda")]
        it.set("sigma_", it.get("sigma_") / numpy.outer(scale, scale), "with the scale of features")
        if it.read < (1, 9, 0):
            it.said("predict(return_std=True) is not centred by the reader, and differs")
