"""Up to scikit-learn 1.0 every random projection is asked for dense_output; since 1.1 the Gaussian
one, whose components are dense, does not have it."""


@mend("sklearn", "GaussianRandomProjection", read="<1.1")
def dense_anyway(it):
    it.add("dense_output", True, "its components are dense")
