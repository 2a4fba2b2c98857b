"""What an estimator offers, and how it is asked for it."""

import inspect
import random

# Asked for in this order; what the fitted estimator does not offer is left out.
METHODS = (
    "predict",
    "predict_proba",
    "decision_function",
    "transform",
    "score_samples",
    "predict_std",
)
# Where an estimator offers none of them.
ATTRIBUTES = ("labels_", "embedding_")


def seed_everything(seed):
    import numpy

    random.seed(seed)
    numpy.random.seed(seed)


def predicts_labels(estimator):
    """Whether `predict` gives classes or clusters rather than numbers."""
    # What a format rebuilds without scikit-learn says it itself.
    known = getattr(type(estimator), "shelflife_labels", None)
    if known is not None:
        return known(estimator)
    try:
        from sklearn.base import is_classifier, is_regressor

        if is_classifier(estimator):
            return True
        # Tree regressors up to 0.23 carry a `classes_` that means nothing.
        if is_regressor(estimator):
            return False
    except Exception:
        pass
    try:
        return hasattr(estimator, "classes_")
    except Exception:
        return False


def call_output(estimator, name, dataset):
    """The value of one output."""
    if name.endswith("_"):
        return getattr(estimator, name)
    if name == "predict_std":
        return estimator.predict(dataset.features(), return_std=True)[1]
    return getattr(estimator, name)(as_it_takes(estimator, dataset.features()))


def as_it_takes(estimator, features):
    """What a bare booster of XGBoost takes rows as, by the names and types that it was fitted on
    where the rows have none of their own."""
    kind = type(estimator)
    if kind.__name__ != "Booster" or kind.__module__.partition(".")[0] != "xgboost":
        return features
    import xgboost

    if hasattr(features, "columns"):
        return xgboost.DMatrix(features)
    settings = {}
    names = getattr(estimator, "feature_names", None)
    if names and len(names) == features.shape[1]:
        types = getattr(estimator, "feature_types", None)
        settings = {"feature_names": names, "feature_types": types}
        if types and "c" in types:
            settings["enable_categorical"] = True
    return xgboost.DMatrix(features, **settings)


def offers(estimator, name):
    """Whether an estimator has an output. Properties that raise count as absent."""
    try:
        if name == "predict_std":
            return "return_std" in inspect.signature(estimator.predict).parameters
        return hasattr(estimator, name)
    except Exception:
        return False


def works(estimator, name, dataset, seed):
    """Whether an output can be had."""
    try:
        seed_everything(seed)
        call_output(estimator, name, dataset)
    except Exception:
        return False
    return True


def offered_outputs(estimator, dataset, seed):
    """The outputs that really work on the estimator in memory."""
    names = [
        name
        for name in METHODS
        if offers(estimator, name) and works(estimator, name, dataset, seed)
    ]
    if not names:
        names = [name for name in ATTRIBUTES if offers(estimator, name)]
    if names and offers(estimator, "classes_") and predicts_labels(estimator):
        names.append("classes_")
    return names


def methods_of(task, estimator, dataset):
    """The outputs to compute: those that are asked for, else those that the estimator offers. Where
    it offers some and none works, the first one, so that its exception is seen."""
    if task["methods"] is not None:
        return task["methods"]
    if dataset.header["layout"] == "none":
        return []
    methods = offered_outputs(estimator, dataset, task["seed"])
    if methods:
        return methods
    return [name for name in METHODS if offers(estimator, name)][:1]
