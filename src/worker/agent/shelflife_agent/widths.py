"""How many columns an estimator may have been fitted on, where it does not say so: guesses, to be
tried and never to be held against anybody."""

from .forms import attribute, known_width

# Attributes that count columns.
COUNTS = ("n_features_", "n_input_features_", "n_features", "max_features_in_")
# Arrays with a value for each column, and the dimension that counts them, the surest first.
ARRAYS = (
    ("x_rotations_", 0),
    ("x_weights_", 0),
    ("ranking_", 0),
    ("feature_importances_", 0),
    ("data_min_", -1),
    ("mean_", -1),
    ("var_", -1),
    ("center_", -1),
    ("scale_", -1),
    ("max_abs_", -1),
    ("statistics_", 0),
    ("variances_", 0),
    ("scores_", 0),
    ("n_bins_", 0),
    ("lambdas_", 0),
    ("quantiles_", -1),
    ("components_", -1),
    ("cluster_centers_", -1),
    ("subcluster_centers_", -1),
    ("theta_", -1),
    ("feature_log_prob_", -1),
    ("centroids_", -1),
    ("means_", -1),
    ("location_", -1),
    ("support_vectors_", -1),
    ("_fit_X", -1),
    ("X_fit_", -1),
    ("X_train_", -1),
    ("random_weights_", 0),
    ("coef_", -1),
    ("coef_", 0),
)
# Where estimators keep those that are given the same columns.
PARTS = ("best_estimator_", "regressor_", "estimator_", "base_estimator_", "regressor", "tree_")
LISTS = ("transformer_list", "estimators_", "estimators", "calibrated_classifiers_", "initializer_")
# Functions of one variable.
LINES = ("X_thresholds_", "X_min_", "_necessary_X_")
# What keeps its parts under the names above.
LIBRARIES = ("sklearn", "numpy", "builtins")
# How deep estimators in estimators are looked for, and guesses that are tried at most.
DEPTH = 6
MOST = 4


def widths_of(estimator):
    """The numbers of columns to try, the likeliest first, each with what tells it; the only one
    where the estimator says it itself."""
    known = known_width(estimator)
    if known is not None:
        return [(known, None)]
    found = []
    for columns, says in guesses(estimator, 0):
        if columns > 0 and columns not in [other for other, _ in found]:
            found.append((columns, says))
        if len(found) == MOST:
            break
    return found


def guesses(estimator, depth):
    """Each guess with what tells it."""
    if depth > DEPTH or estimator is None or isinstance(estimator, (str, type)):
        return
    steps = attribute(estimator, "steps")
    if isinstance(steps, (list, tuple)):
        for guess in of_steps(steps, depth):
            yield guess
        return
    kind = type(estimator).__name__
    known = known_width(estimator)
    if known is not None:
        yield known, "n_features_in_ of %s" % kind
    for name in COUNTS:
        count = attribute(estimator, name)
        if not isinstance(count, bool) and (isinstance(count, int) or hasattr(count, "__index__")):
            yield int(count), "%s of %s" % (name, kind)
    if any(attribute(estimator, name) is not None for name in LINES):
        yield 1, "%s, a function of one variable" % kind
    for name, dimension in ARRAYS:
        shape = attribute(attribute(estimator, name), "shape")
        if isinstance(shape, tuple) and shape:
            yield int(shape[dimension]), "%s of %s" % (name, kind)
    layers = attribute(estimator, "coefs_")
    if isinstance(layers, list) and layers:
        yield int(layers[0].shape[0]), "coefs_ of %s" % kind
    categories = attribute(estimator, "categories_")
    if isinstance(categories, list):
        yield len(categories), "categories_ of %s" % kind
    for part in parts_of(estimator):
        for guess in guesses(part, depth + 1):
            yield guess
    # Somebody's own estimator keeps what it hands its inputs to under a name of its own.
    if type(estimator).__module__.partition(".")[0] not in LIBRARIES:
        for part in list(attribute(estimator, "__dict__") or {}):
            part = attribute(estimator, part)
            if any(hasattr(type(part), name) for name in ("predict", "transform")):
                for guess in guesses(part, depth + 1):
                    yield guess


def of_steps(steps, depth):
    """The guesses of the first step that has some: what stands before it passes columns on as they
    are. What counts words takes none."""
    for step in steps:
        part = step[-1] if isinstance(step, tuple) else step
        if attribute(part, "vocabulary_") is not None or hasattr(type(part), "build_analyzer"):
            return
        found = list(guesses(part, depth + 1))
        if found:
            for guess in found:
                yield guess
            return


def parts_of(estimator):
    """The estimators that are given the same columns."""
    for name in PARTS:
        part = attribute(estimator, name)
        if part is not None and not isinstance(part, str):
            yield part
    for name in LISTS:
        items = attribute(estimator, name)
        items = items.ravel().tolist() if hasattr(items, "ravel") else items
        if isinstance(items, (list, tuple)):
            # All of them are given the same.
            for item in items[:1]:
                yield item[1] if isinstance(item, tuple) and len(item) > 1 else item
