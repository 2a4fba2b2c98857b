"""The parameter base_estimator of meta-estimators became estimator, at other releases for each, and
with it base_estimator_, which is _estimator in 1.2.0 and 1.2.1. Which parameter the reader has is
asked of its constructor."""

HOLDERS = (
    "BaseEnsemble CalibratedClassifierCV RANSACRegressor SelfTrainingClassifier"
    " _BaseChain ClassifierChain RegressorChain"
)
UNSET = ("deprecated", "warn")


@mend("sklearn", HOLDERS)
def estimator_by_its_name_here(it):
    cls = type(it.owner)
    if takes(cls, "estimator"):
        old = it.get("base_estimator")
        is_set = not (isinstance(old, str) and old in UNSET)
        if it.has("base_estimator") and is_set and it.get("estimator") is None:
            it.set("estimator", old, "was base_estimator")
        if takes(cls, "base_estimator"):
            default = default_of(cls, "base_estimator")
            if it.get("base_estimator", default) is not default:
                it.set("base_estimator", default, "it is estimator now")
        elif it.has("base_estimator"):
            it.drop("base_estimator", "it is estimator now")
    elif it.has("estimator") and takes(cls, "base_estimator"):
        if it.has("base_estimator"):
            it.drop("base_estimator", "it was estimator already")
        it.rename("estimator", "base_estimator")


def default_of(cls, parameter):
    import inspect

    for base in cls.__mro__:
        if "__init__" in vars(base):
            found = inspect.signature(base.__init__).parameters.get(parameter)
            if found is not None:
                return found.default
    return None


def under_one_name(it, name):
    """The fitted one under this name, whichever of the others it has."""
    for other in ("base_estimator_", "_estimator", "estimator_"):
        if other != name and it.rename(other, name):
            return


@mend("sklearn", "BaseEnsemble", read=">=1.2.2")
def fitted_estimator_to_new_name(it):
    under_one_name(it, "estimator_")


# 1.2.0 and 1.2.1 have both names as properties of a third one.
@mend("sklearn", "BaseEnsemble", read=">=1.2,<1.2.2")
def fitted_estimator_to_private_name(it):
    under_one_name(it, "_estimator")


@mend("sklearn", "BaseEnsemble", read="<1.2")
def fitted_estimator_to_old_name(it):
    under_one_name(it, "base_estimator_")
