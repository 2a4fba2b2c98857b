"""coef_ of partial least squares is (features, targets) up to scikit-learn 1.0 and (targets,
features) since: under the name _coef_ in 1.1 and 1.2, as coef_ since 1.3, and since 1.5 with the
scaling of the features in it. Since 1.1 there is an intercept_. All are the same map; it is written
as the reader keeps it. Dividing and multiplying rounds in the last bit."""


def pls_map(it):
    """(features, targets) without the scaling of the features, as the older releases keep it."""
    import numpy

    kept = it.get("_coef_", it.get("coef_"))
    if kept is None or not it.has("_x_std") and not it.has("x_std_"):
        return None
    kept = numpy.asarray(kept)
    if it.written >= (1, 1, 0):
        kept = kept.T
    if it.written >= (1, 5, 0):
        kept = kept * deviations(it)[:, None]
    return kept


def deviations(it):
    """Those of the features, under the name of either side."""
    import numpy

    return numpy.asarray(it.get("_x_std", it.get("x_std_")))


@mend("sklearn", "PLSRegression PLSCanonical CCA", exactness="roundoff", late=True)
def pls_map_as_here(it):
    import numpy

    if it.written is None or pls_kind(it.written) == pls_kind(it.read):
        return
    kept = pls_map(it)
    if kept is None:
        return
    mean = it.get("_y_mean", it.get("y_mean_"))
    if it.read >= (1, 5, 0):
        kept = kept / deviations(it)[:, None]
    if it.read >= (1, 1, 0):
        kept = kept.T
    name = "_coef_" if (1, 1, 0) <= it.read < (1, 3, 0) else "coef_"
    other = "coef_" if name == "_coef_" else "_coef_"
    if it.has(other):
        it.rename(other, name)
    it.set(name, numpy.ascontiguousarray(kept), "shape and scale of the reader")
    if it.read >= (1, 1, 0):
        it.add("intercept_", mean)


def pls_kind(release):
    """Which of the ways a release keeps the map in."""
    borders = ((1, 1, 0), (1, 3, 0), (1, 5, 0))
    return sum(release >= border for border in borders)


@mend("sklearn", "PLSRegression PLSCanonical CCA", written="<1.3", read=">=1.3")
def pls_target_was_a_table(it):
    """The older predict gives a column for one target, as the reader does for a table."""
    it.add("_predict_1d", False, "the writer gives a column for one target")
