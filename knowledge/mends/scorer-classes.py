"""Scorers have one class since scikit-learn 1.4, three before, one for each way of asking an
estimator. A scorer is made anew of its function, sign and arguments; predicting uses none."""

held("sklearn.metrics._scorer", "_PredictScorer _ProbaScorer _ThresholdScorer _Scorer")
held("sklearn.metrics.scorer", "_PredictScorer _ProbaScorer _ThresholdScorer")
WAYS = {
    "_PredictScorer": "predict",
    "_ProbaScorer": "predict_proba",
    "_ThresholdScorer": ("decision_function", "predict_proba"),
}


def scorer_anew(gone):
    state = gone_state(gone)
    function, sign = state.get("_score_func"), state.get("_sign", 1)
    arguments = state.get("_kwargs", {})
    way = WAYS.get(gone_name(gone), state.get("_response_method", "predict"))
    make = native("sklearn.metrics", "make_scorer")
    if accepts(make, "response_method"):
        return make(function, greater_is_better=sign > 0, response_method=way, **arguments)
    asks = {
        "needs_proba": way == "predict_proba",
        "needs_threshold": isinstance(way, (tuple, list)),
    }
    return make(function, greater_is_better=sign > 0, **dict(arguments, **asks))


def is_scorer(value):
    return is_gone(value) and gone_name(value) in ("_Scorer",) + tuple(WAYS)


@mend("sklearn", "BaseEstimator")
def scorers_anew(it):
    if type(it.state) is not dict:
        return
    for key in ("scorer_", "scoring", "_scorer"):
        value = it.get(key)
        if is_scorer(value):
            it.set(key, scorer_anew(value), "made of the same function")
        elif type(value) is dict and any(is_scorer(part) for part in value.values()):
            made = {
                name: scorer_anew(part) if is_scorer(part) else part for name, part in value.items()
            }
            it.set(key, made, "made of the same functions")
