"""TfidfTransformer keeps its weights as the vector idf_ since scikit-learn 1.5, as the diagonal
matrix _idf_diag before."""


@mend("sklearn", "TfidfTransformer", read=">=1.5")
def idf_as_vector(it):
    import numpy

    if it.has("_idf_diag") and not it.has("idf_"):
        diagonal = numpy.asarray(it.get("_idf_diag").diagonal()).ravel()
        it.rename("_idf_diag", "idf_")
        it.set("idf_", diagonal, "the diagonal")


@mend("sklearn", "TfidfTransformer", read="<1.5")
def idf_as_diagonal(it):
    if it.has("idf_") and not it.has("_idf_diag"):
        weights, count = it.get("idf_"), len(it.get("idf_"))
        diags = native("scipy.sparse", "diags")
        matrix = diags(weights, offsets=0, shape=(count, count), format="csr", dtype=weights.dtype)
        it.rename("idf_", "_idf_diag")
        it.set("_idf_diag", matrix, "a diagonal matrix")
