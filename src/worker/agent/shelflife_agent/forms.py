"""In which form an estimator is given its inputs: as a DataFrame, an array, a list of texts."""

import importlib

FRAME, ARRAY, TEXTS, LINE, OWN = "frame", "array", "texts", "line", "own"
RECORDS = "records"
# A DataFrame whose columns of texts are categories, as boosters are fitted on them.
CATEGORIES = "categories"
# Where an estimator keeps its choices of columns, and where in each of them the columns stand:
# ColumnTransformer, and DataFrameMapper of sklearn-pandas.
CHOICES = (("transformers", 2), ("features", 0))
# How deep estimators in estimators are looked for.
DEPTH = 12


def attribute(estimator, name):
    """An attribute, or None where it is absent or raises."""
    try:
        return getattr(estimator, name, None)
    except Exception:
        return None


def has_pandas():
    try:
        importlib.import_module("pandas")
    except Exception:
        return False
    return True


def known_width(estimator):
    """How many columns an estimator says that it was fitted on; None where it says nothing that
    counts."""
    width = attribute(estimator, "n_features_in_")
    is_number = isinstance(width, int) or hasattr(width, "__index__")
    return int(width) if is_number and int(width) > 0 else None


def names_of(estimator):
    """The column names that an estimator was fitted on, or None."""
    names = attribute(estimator, "feature_names_in_")
    if names is None:
        steps = attribute(estimator, "steps")
        return names_of(steps[0][-1]) if isinstance(steps, list) and steps else None
    try:
        return [str(name) for name in names]
    except TypeError:
        return None


def parts_of(estimator):
    """The estimators that an estimator hands its inputs to."""
    steps = attribute(estimator, "steps")
    if isinstance(steps, list):
        # What comes after the first one that changes something is given something else.
        for step in steps:
            yield step[-1]
            if not isinstance(step[-1], str) and step[-1] is not None:
                return
        return
    for name in ("transformer_list", "estimators"):
        pairs = attribute(estimator, name)
        if isinstance(pairs, (list, tuple)):
            for pair in pairs:
                yield pair[1] if isinstance(pair, tuple) and len(pair) > 1 else pair
    for name in ("estimator", "base_estimator", "best_estimator_", "estimator_", "regressor_"):
        part = attribute(estimator, name)
        if part is not None and not isinstance(part, str):
            yield part


def is_by_name(columns):
    """Whether a choice of columns is one of names, or of whatever a DataFrame has."""
    if isinstance(columns, str) or callable(columns):
        return True
    if isinstance(columns, slice):
        return isinstance(columns.start, str) or isinstance(columns.stop, str)
    if isinstance(columns, (list, tuple)) or hasattr(columns, "tolist"):
        return any(isinstance(name, str) for name in columns)
    return False


def selects_by_name(estimator, depth=0):
    """Whether an estimator, or one that it hands its inputs to, selects columns by name."""
    for name, place in CHOICES:
        chosen = attribute(estimator, name)
        if not isinstance(chosen, (list, tuple)):
            continue
        choices = [item for item in chosen if isinstance(item, (list, tuple)) and len(item) > place]
        if any(is_by_name(item[place]) for item in choices):
            return True
    if depth > DEPTH:
        return False
    return any(selects_by_name(part, depth + 1) for part in parts_of(estimator))
