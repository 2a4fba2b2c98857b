"""The means and deviations of partial least squares are private since scikit-learn 0.24."""

PLS_MEANS = ("x_mean", "y_mean", "x_std", "y_std")


@mend("sklearn", "_PLS PLSSVD", read=">=0.24")
def pls_means_private(it):
    for name in PLS_MEANS:
        it.rename(name + "_", "_" + name)


@mend("sklearn", "_PLS PLSSVD", read="<0.24")
def pls_means_public(it):
    for name in PLS_MEANS:
        it.rename("_" + name, name + "_")
