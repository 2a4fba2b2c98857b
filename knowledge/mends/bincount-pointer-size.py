"""Up to numpy 1 bincount takes no integers that are wider than the machine's pointers. Labels are
indices or small numbers of classes: they are cast, and what does not fit is left as it is."""


def of_pointer_width(numbers):
    """The same numbers; None where they have that width, or do not fit."""
    import numpy

    dtype = getattr(numbers, "dtype", None)
    if dtype is None or dtype.kind != "i" or dtype.itemsize <= numpy.dtype(numpy.intp).itemsize:
        return None
    cast = numbers.astype(numpy.intp)
    return cast if (cast == numbers).all() else None


@mend("sklearn", "FeatureAgglomeration", late=True)
def labels_that_can_be_counted(it):
    cast = of_pointer_width(it.get("labels_"))
    if cast is not None:
        it.set("labels_", cast, "integers of this machine's width")


@mend("sklearn", "VotingClassifier", late=True)
def votes_that_can_be_counted(it):
    if it.get("voting") != "hard":
        return
    for member in it.get("estimators_", ()):
        while getattr(member, "steps", None):
            member = member.steps[-1][1]
        cast = of_pointer_width(getattr(member, "__dict__", {}).get("classes_"))
        if cast is not None:
            member.classes_ = cast
            it.said("integers of this machine's width are the classes of each member")
