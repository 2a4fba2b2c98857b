"""Since scikit-learn 1.9 BayesianRidge and ARDRegression subtract the mean of the training data,
X_offset_, before they compute the standard deviation, which earlier releases do only where they
normalize. An offset of zero gives what the writer computes; predict uses no offset."""


@mend("sklearn", "BayesianRidge ARDRegression", written="<1.9", read=">=1.9", late=True)
def deviation_without_offset(it):
    import numpy

    if it.has("X_offset_") and not normalized(it):
        zero = numpy.zeros_like(numpy.asarray(it.get("X_offset_"), dtype=float))
        it.set("X_offset_", zero, "the writer does not centre")


def normalized(it):
    """Whether the writer scales features before it computes a standard deviation."""
    said = it.get("_normalize", it.get("normalize", False))
    return said is True


@mend("sklearn", "BayesianRidge ARDRegression", written=">=1.9", read="<1.2", late=True)
def deviation_with_offset(it):
    """Where the reader normalizes, it centres: by a scale of one."""
    import numpy

    if it.has("X_offset_"):
        it.set("normalize", True, "the reader centres only where it normalizes")
        if it.read >= (1, 0, 0):
            it.set("_normalize", True, "the reader centres only where it normalizes")
        it.set("X_scale_", numpy.ones(len(it.get("coef_"))), "nothing is scaled")


@mend("sklearn", "BayesianRidge ARDRegression", written=">=1.9", read=">=1.2,<1.9", late=True)
def deviation_not_centred(it):
    if it.has("X_offset_") and it.may_have("rescued_bayes"):
        made = it.companion("rescued_bayes", "Centred" + it.kind)
        it.become(made, "a standard deviation that is centred")
    else:
        it.said("predict(return_std=True) is not centred by the reader, and differs")
