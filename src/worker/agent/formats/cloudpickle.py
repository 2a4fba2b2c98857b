# cloudpickle: like pickle, but functions and classes of `__main__` travel by value, as byte code.
LOAD_NEEDS = [("sklearn", "scikit-learn"), ("cloudpickle", "cloudpickle")]
SAVE_NEEDS = [("cloudpickle", "cloudpickle")]
PRELOAD = ["cloudpickle"]


def save(estimator, path, options, dataset):
    import cloudpickle

    with open(path, "wb") as target:
        cloudpickle.dump(estimator, target, protocol=options.get("protocol"))


def load(path, options):
    import pickle

    with open(path, "rb") as source:
        return pickle.load(source)
