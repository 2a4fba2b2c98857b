# sklearn-migrator: an estimator of a known class as JSON, made an estimator of the reader's
# scikit-learn again.
import json

LOAD_NEEDS = [("sklearn", "scikit-learn"), ("sklearn_migrator", "sklearn-migrator")]
SAVE_NEEDS = [("sklearn_migrator", "sklearn-migrator")]
PRELOAD = ["sklearn_migrator"]


def save(estimator, path, options, dataset):
    import sklearn_migrator

    if type(estimator).__name__ not in sklearn_migrator.supported_models():
        raise Unsupported("sklearn-migrator does not know %s" % type(estimator).__name__)
    with open(path, "w") as target:
        json.dump(sklearn_migrator.serialize(estimator), target, sort_keys=True)


def load(path, options):
    import sklearn_migrator

    with open(path, encoding="utf-8") as source:
        text = source.read()
    return sklearn_migrator.deserialize(json.loads(text))
