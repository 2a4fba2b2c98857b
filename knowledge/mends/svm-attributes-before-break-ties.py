"""In scikit-learn 0.22 SVC and NuSVC got the parameter break_ties, and SVR, NuSVR and OneClassSVM
keep their counts of support vectors as _n_support: all of them, for each of two sides."""

given("sklearn", "SVC NuSVC", break_ties=False)


@mend("sklearn", "SVR NuSVR OneClassSVM", written="<0.22", read=">=0.22")
def supports_of_one_side(it):
    import numpy

    if it.get("support_") is not None:
        count = len(it.get("support_"))
        it.add("_n_support", numpy.array([count, count], dtype=numpy.int32), "all of them")
