"""Downwards from scikit-learn 1.4 gradient boosting gets a loss of _gb_losses, made by its name.
The link of several classes is the older one again, so the leaves of the first stage get back the
mean of the logarithms of the first prediction."""

held("sklearn._loss.loss", "*Loss *Error")
OLDER_LOSSES = {
    "HalfBinomialLoss": ("BinomialDeviance", 2),
    "HalfMultinomialLoss": ("MultinomialDeviance", None),
    "ExponentialLoss": ("ExponentialLoss", 2),
    "HalfSquaredError": ("LeastSquaresError", 1),
    "AbsoluteError": ("LeastAbsoluteError", 1),
    "HuberLoss": ("HuberLossFunction", 1),
    "PinballLoss": ("QuantileLossFunction", 1),
}


def older_loss(it, name):
    kind, classes = OLDER_LOSSES[name]
    made = native("sklearn.ensemble._gb_losses", kind)
    arguments = {}
    if accepts(made, "n_classes"):
        count = it.get("n_classes_", len(it.get("classes_", ())))
        arguments["n_classes"] = count if classes is None else classes
    if accepts(made, "alpha"):
        arguments["alpha"] = it.get("alpha", 0.9)
    return made(**arguments)


@mend(
    "sklearn", "BaseGradientBoosting", written=">=1.4", read="<1.4", late=True, exactness="roundoff"
)
def boosting_loss_to_own(it):
    import numpy

    key = "_loss" if it.has("_loss") else "loss_"
    loss = it.get(key)
    name = gone_name(loss) if is_gone(loss) else type(loss).__name__
    if name not in OLDER_LOSSES:
        return
    it.set(key, older_loss(it, name), "was %s of sklearn._loss" % name)
    it.add("n_classes_", it.get("n_trees_per_iteration_", 1) if name != "HalfBinomialLoss" else 2)
    first = it.get("init_")
    if name != "HalfMultinomialLoss" or type(first).__name__ != "DummyClassifier":
        # Where another model predicts first, gradient-boosting-init takes care of it.
        return
    prior = numpy.asarray(first.class_prior_, dtype=float)
    constant = -float(numpy.log(numpy.clip(prior, 2.0**-52, 1.0)).mean())
    for tree in it.get("estimators_")[0]:
        tree.tree_.value[...] += constant / it.get("learning_rate")
    it.said("estimators_[0]: %+.9g / learning_rate in all leaves" % constant)
