"""IsotonicRegression keeps the points of its curve as X_thresholds_ and y_thresholds_ since
scikit-learn 0.24, as _necessary_X_ and _necessary_y_ before. The function f_ is made of them when
the state is set."""

ISOTONIC_POINTS = (("_necessary_X_", "X_thresholds_"), ("_necessary_y_", "y_thresholds_"))


@mend("sklearn", "IsotonicRegression", read=">=0.24")
def points_public(it):
    for old, new in ISOTONIC_POINTS:
        it.rename(old, new)


@mend("sklearn", "IsotonicRegression", read="<0.24")
def points_private(it):
    for old, new in ISOTONIC_POINTS:
        it.rename(new, old)
