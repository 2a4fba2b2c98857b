"""Losses of gradient boosting moved to a module of their own in scikit-learn 0.21, and the first
prediction became an estimator of sklearn.dummy. Both are made anew: a first prediction of 0.20
keeps the numbers that a dummy keeps as well."""

held("sklearn.ensemble.gradient_boosting", "*Estimator")
OLD_FIRSTS = (
    "LogOddsEstimator ScaledLogOddsEstimator PriorProbabilityEstimator ZeroEstimator MeanEstimator"
    " QuantileEstimator"
).split()


@found_as
def losses_of_their_own(module, name):
    if module != "sklearn.ensemble.gradient_boosting":
        return []
    return [("sklearn.ensemble._gb_losses", name)]


@mend("sklearn", "BaseGradientBoosting", written="<0.21", read=">=0.21")
def first_prediction_anew(it):
    import numpy

    first = it.get("init_")
    name = gone_name(first)
    if name not in OLD_FIRSTS:
        return
    state = gone_state(first)
    if name == "ZeroEstimator":
        it.set("init_", "zero", "was ZeroEstimator")
    elif name in ("MeanEstimator", "QuantileEstimator"):
        it.set("init_", dummy_number(state.get("mean", state.get("quantile"))), "was " + name)
    else:
        prior = numpy.asarray(state.get("priors", state.get("prior")), dtype=float)
        if name != "PriorProbabilityEstimator":
            odds = prior / (0.5 if name == "ScaledLogOddsEstimator" else 1.0)
            positive = 1.0 / (1.0 + numpy.exp(-odds))
            prior = numpy.array([1.0 - positive, positive])
        it.set("init_", dummy_classes(prior, it.get("classes_")), "was " + name)


def dummy_number(number):
    import numpy

    kind = native("sklearn.dummy", "DummyRegressor")
    return kind(strategy="constant", constant=number).fit(numpy.zeros((1, 1)), [number])


def dummy_classes(prior, classes):
    import numpy

    kind = native("sklearn.dummy", "DummyClassifier")(strategy="prior")
    count = len(prior)
    made = kind.fit(numpy.zeros((count, 1)), numpy.arange(count))
    made.class_prior_ = prior
    return made
