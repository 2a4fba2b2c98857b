"""Where several rows are equally far, neighbours by brute force are what numpy's partition leaves
in front. Since numpy 2 it compares many numbers at once, as the processor can, and leaves others
there; and since scikit-learn 1.1 most metrics no longer ask numpy. Nothing in the file decides it,
so that the choice of before travels beside the file, where it may. Without it the model is what it
is: the same but for ties."""

STEADY = {
    "KNeighborsClassifier": "SteadyKNeighborsClassifier",
    "KNeighborsRegressor": "SteadyKNeighborsRegressor",
    "KNeighborsTransformer": "SteadyKNeighborsTransformer",
    "NearestNeighbors": "SteadyNearestNeighbors",
    "LocalOutlierFactor": "SteadyLocalOutlierFactor",
}


def chooses_otherwise(it):
    """Whether the reader's own choice among equally near rows is another one."""
    written, read = it.releases_of("numpy")
    if written is None:
        # Releases before 1.4 know no numpy 2.
        written = (1,) if it.written < (1, 4, 0) else (2,)
    if written >= (2,):
        # Since then the processor has a say.
        return False
    if it.written >= (1, 1, 0) and is_in_one_step(it):
        return False
    return read >= (2,) or it.written < (1, 1, 0)


def is_in_one_step(it):
    """Whether both sides find the neighbours while they compute the distances."""
    from sklearn.metrics._pairwise_distances_reduction import ArgKmin

    rows = it.get("_fit_X")
    return it.get("effective_metric_") in ArgKmin.valid_metrics() and not hasattr(rows, "indptr")


@mend("sklearn", "KNeighborsMixin", read=">=1.1", exactness="companion", late=True)
def choice_of_before(it):
    if it.get("_fit_method") != "brute" or it.kind not in STEADY:
        return
    if it.written is not None and chooses_otherwise(it) and it.may_have("rescued_neighbours"):
        it.become(it.companion("rescued_neighbours", STEADY[it.kind]), "numpy's choice among ties")
