"""Support vector machines renamed probA_ and probB_ to private names in scikit-learn 0.23, and
n_support_ in 1.1 (later it is a property of the same numbers)."""


@mend("sklearn", "BaseLibSVM", read=">=0.23")
def platt_scaling_private(it):
    it.rename("probA_", "_probA")
    it.rename("probB_", "_probB")


@mend("sklearn", "BaseLibSVM", read="<0.23")
def platt_scaling_public(it):
    it.rename("_probA", "probA_")
    it.rename("_probB", "probB_")


@mend("sklearn", "BaseLibSVM")
def supports_by_class(it):
    if "n_support_" in dir(type(it.owner)):
        it.rename("n_support_", "_n_support")
    else:
        it.rename("_n_support", "n_support_")
