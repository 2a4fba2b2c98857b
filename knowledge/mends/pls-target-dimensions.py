"""Since the patch release 1.3.1 partial least squares remembers in _predict_1d whether its target
had one dimension. 1.3.0 always gives a column."""


@mend("sklearn", "PLSRegression PLSCanonical CCA", written=">=1.3,<1.3.1", read=">=1.3.1")
def pls_gives_a_column(it):
    it.add("_predict_1d", False, "the writer gives a column for one target")


@mend("sklearn", "PLSRegression PLSCanonical CCA", written=">=1.3.1", read="<1.3.1")
def pls_gives_a_vector(it):
    if not it.get("_predict_1d", False):
        return
    if it.may_have("rescued_pls"):
        it.become(it.companion("rescued_pls", "Flat" + it.kind), "predict gives a vector")
    else:
        it.said("predict gives a column in the reader, which was a vector")
