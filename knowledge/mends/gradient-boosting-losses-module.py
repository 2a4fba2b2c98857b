"""Up to scikit-learn 1.3 gradient boosting keeps a loss of _gb_losses (of gradient_boosting before
0.21), since 1.4 one of sklearn._loss. The loss is made anew by its name; when predicting it turns
raw values into probabilities and the first prediction into raw ones, both by the same formulas but
for one: the common link for several classes subtracts the mean of the logarithms, in which the
older one trusts softmax. With the usual first prediction, which is the same for all rows, that mean
is a number, which goes into the leaves of the first stage."""

held("sklearn.ensemble._gb_losses")
held("sklearn.ensemble.gradient_boosting", "*Deviance *Error *Loss *LossFunction")
EPS32 = 2.0**-23


def common_loss(it, gone):
    """The loss of sklearn._loss that does what an older one did."""
    state = gone_state(gone)
    name, quantile = gone_name(gone), state.get("alpha", it.get("alpha", 0.9))
    kinds = {
        "BinomialDeviance": ("HalfBinomialLoss", {}),
        "MultinomialDeviance": ("HalfMultinomialLoss", {"n_classes": state.get("K", 3)}),
        "ExponentialLoss": ("ExponentialLoss", {}),
        "LeastSquaresError": ("HalfSquaredError", {}),
        "LeastAbsoluteError": ("AbsoluteError", {}),
        "HuberLossFunction": ("HuberLoss", {"quantile": quantile}),
        "QuantileLossFunction": ("PinballLoss", {"quantile": quantile}),
    }
    if name not in kinds:
        it.refuse("unknown-loss", name=name)
    kind, arguments = kinds[name]
    return native("sklearn._loss.loss", kind)(**arguments)


def first_logarithms(it):
    """The mean of the logarithms of the first prediction, where that is the same for all rows."""
    import numpy

    first = it.get("init_")
    if type(first).__name__ != "DummyClassifier" or first.strategy != "prior":
        return 0.0
    prior = numpy.clip(numpy.asarray(first.class_prior_, dtype=float), EPS32, 1 - EPS32)
    return float(numpy.log(prior).mean())


def shift_first_stage(it, constant):
    """Add a number to the raw values of all classes."""
    if constant:
        for tree in it.get("estimators_")[0]:
            tree.tree_.value[...] += constant / it.get("learning_rate")
        it.said("estimators_[0]: %+.9g / learning_rate in all leaves" % constant)


@mend("sklearn", "BaseGradientBoosting", read=">=1.4", late=True, exactness="roundoff")
def boosting_loss_to_common(it):
    loss = it.get("_loss")
    if not is_gone(loss):
        return
    it.set("_loss", common_loss(it, loss), "was %s" % gone_name(loss))
    if gone_name(loss) == "MultinomialDeviance" and it.has("init_"):
        # Where another model predicts first, gradient-boosting-init takes care of it.
        shift_first_stage(it, first_logarithms(it))
