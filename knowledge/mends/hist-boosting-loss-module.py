"""Losses of hist gradient boosting are common ones since scikit-learn 1.1. They are made anew by
their name: when predicting they only turn raw values into probabilities or positive numbers, by
the same formulas. The words for losses changed in 1.0 and 1.1, and the first prediction is an
array with one column a tree since 1.1."""

held("sklearn.ensemble._hist_gradient_boosting.loss")
COMMON_OF_HIST = {
    "LeastSquares": "HalfSquaredError",
    "LeastAbsoluteDeviation": "AbsoluteError",
    "Poisson": "HalfPoissonLoss",
    "BinaryCrossEntropy": "HalfBinomialLoss",
    "CategoricalCrossEntropy": "HalfMultinomialLoss",
}
HIST_WORDS = {
    "least_squares": "squared_error",
    "least_absolute_deviation": "absolute_error",
    "auto": "log_loss",
    "binary_crossentropy": "log_loss",
    "categorical_crossentropy": "log_loss",
}


@mend("sklearn", "BaseHistGradientBoosting", read=">=1.1", late=True)
def hist_loss_to_common(it):
    import numpy

    trees = it.get("n_trees_per_iteration_", 1)
    loss = it.get("_loss")
    if is_gone(loss) and gone_name(loss) in COMMON_OF_HIST:
        kind = COMMON_OF_HIST[gone_name(loss)]
        arguments = {"n_classes": trees} if kind == "HalfMultinomialLoss" else {}
        it.set("_loss", native("sklearn._loss.loss", kind)(**arguments), "was " + gone_name(loss))
    if it.get("loss") in HIST_WORDS:
        it.set("loss", HIST_WORDS[it.get("loss")], "another word for it")
    first = it.get("_baseline_prediction")
    if first is not None and numpy.shape(first) != (1, trees):
        first = numpy.asarray(first, dtype=numpy.float64).reshape(1, trees)
        it.set("_baseline_prediction", first, "a column a tree")


@mend("sklearn", "BaseHistGradientBoosting", read="<1.1", late=True)
def hist_loss_to_own(it):
    import numpy

    key = "_loss" if it.has("_loss") else "loss_"
    loss = it.get(key)
    name = gone_name(loss) if is_gone(loss) else type(loss).__name__
    own = {common: kind for kind, common in COMMON_OF_HIST.items()}
    if name not in own:
        return
    made = native("sklearn.ensemble._hist_gradient_boosting.loss", own[name])
    arguments = {"sample_weight": None} if accepts(made, "sample_weight") else {}
    it.set(key, made(**arguments), "was " + name)
    first, trees = it.get("_baseline_prediction"), it.get("n_trees_per_iteration_", 1)
    if first is not None:
        first = numpy.asarray(first).reshape(trees, 1)
        it.set("_baseline_prediction", first if trees > 1 else first[0, 0], "a row a tree")
    words = {"log_loss": "auto"}
    if it.read < (1, 0, 0):
        words.update(squared_error="least_squares", absolute_error="least_absolute_deviation")
    if it.get("loss") in words:
        it.set("loss", words[it.get("loss")], "another word for it")
