# dill: like pickle, but functions and classes of `__main__` travel by value, as byte code.
LOAD_NEEDS = [("sklearn", "scikit-learn"), ("dill", "dill")]
SAVE_NEEDS = [("dill", "dill")]
PRELOAD = ["dill"]


def save(estimator, path, options, dataset):
    import dill

    with open(path, "wb") as target:
        dill.dump(estimator, target, protocol=options.get("protocol"))


def load(path, options):
    import dill

    with open(path, "rb") as source:
        return dill.load(source)
