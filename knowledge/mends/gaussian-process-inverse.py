"""Up to scikit-learn 0.24.1 a GaussianProcessRegressor computes deviations with the inverse _K_inv,
which it makes from the factor L_ where it is None."""


@mend("sklearn", "GaussianProcessRegressor", read="<0.24.2", exactness="roundoff")
def inverse_on_demand(it):
    if it.has("L_"):
        it.add("_K_inv", None, "made from L_ when it is asked for")
