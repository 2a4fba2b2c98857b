"""NearestCentroid has class priors since scikit-learn 1.6, and with them predict_proba and
decision_function, which older files cannot serve: how many rows each class had is not in them.
predict uses the priors only where they are not uniform, so uniform ones, the default, give the
same labels."""


@mend("sklearn", "NearestCentroid", written="<1.6", read=">=1.6", exactness="predict-only")
def uniform_priors(it):
    import numpy

    if it.has("classes_"):
        count = len(it.get("classes_"))
        it.add("class_prior_", numpy.full(count, 1.0 / count), "uniform, the default")
        it.said("predict_proba and decision_function are new and mean nothing for this model")


@mend("sklearn", "NearestCentroid", written=">=1.6", read="<1.6", exactness="predict-only")
def priors_unknown_here(it):
    priors = it.get("class_prior_")
    if priors is not None and len(set(priors.tolist())) > 1:
        it.refuse("no-equivalent", what="class priors that are not uniform")
    it.said("the reader offers neither predict_proba nor decision_function")
