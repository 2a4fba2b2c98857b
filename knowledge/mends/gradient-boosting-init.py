"""Gradient boosting whose first prediction is another model keeps that model's probabilities away
from 0 and 1: by the precision of float32 up to scikit-learn 1.7, of float64 since 1.8, which moves
decision_function by 20 where the model is sure. For several classes the mean of their logarithms is
subtracted since 1.4, row by row. No class of the reader computes it as another release does, so
that the model takes one of its own. The usual first prediction, which is the same for all rows, is
far from 0 and 1 and needs none of it. Up to 1.2, where the first prediction of several classes is
ordered by columns, as that of GaussianNB, predicting adds the trees to wrong cells: what a row gets
hangs on the other rows. That is refused."""


def first_is_a_model(it):
    """Whether the first prediction differs by row, or may be 0 or 1."""
    first = it.get("init_")
    if first is None or isinstance(first, str) or it.kind != "GradientBoostingClassifier":
        return False
    return type(first).__name__ != "DummyClassifier" or first.strategy != "prior"


def way_of_first(release, is_multiclass):
    """How a release computes a first prediction."""
    if release < (1, 4, 0) and is_multiclass:
        return "GradientBoostingFirstOf13"
    return "GradientBoostingFirstOf17" if release < (1, 8, 0) else "GradientBoostingFirstOf18"


def is_by_columns(first, width):
    """Whether a model gives its probabilities ordered by columns."""
    import numpy

    try:
        proba = first.predict_proba(numpy.zeros((2, width), dtype=numpy.float32))
    except Exception:
        return False
    return not proba.flags.c_contiguous


@mend("sklearn", "GradientBoostingClassifier", exactness="companion", late=True)
def first_prediction_of_writer(it):
    if not first_is_a_model(it) or it.written is None or not it.has("estimators_"):
        return
    is_multiclass = it.get("estimators_").shape[1] > 1
    if is_multiclass and it.written < (1, 3, 0):
        width = it.get("n_features_in_", it.get("n_features_"))
        if is_by_columns(it.get("init_"), width):
            it.refuse("writer-at-fault", what="trees that are added to wrong cells")
    way = way_of_first(it.written, is_multiclass)
    if way != way_of_first(it.read, is_multiclass):
        made = it.companion("rescued_gradient_boosting", way)
        it.become(made, "the first prediction is computed as its writer does")
