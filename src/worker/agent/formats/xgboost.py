# XGBoost's own formats, without a wrapper around the booster: what a service loads that has no
# scikit-learn.
import os
import tempfile

LOAD_NEEDS = [("xgboost", "xgboost")]
SAVE_NEEDS = [("xgboost", "xgboost")]
PRELOAD = ["xgboost"]

# How each begins. Releases that do not know an ending write what they always wrote.
BEGINNINGS = {"json": (b'{"',), "ubj": (b"{L",), "bin": ()}
# An ending that no release takes for one of the other two.
ENDINGS = {"json": ".json", "ubj": ".ubj", "bin": ".deprecated"}


def booster_of(estimator):
    """The booster of a fitted wrapper, or itself."""
    import xgboost

    if isinstance(estimator, xgboost.Booster):
        return estimator
    if isinstance(estimator, getattr(xgboost, "XGBModel", ())):
        return estimator.get_booster()
    raise Unsupported(
        "XGBoost's own formats hold one booster, and this model is a %s around it"
        % type(estimator).__name__
    )


def kind_of(path):
    with open(path, "rb") as source:
        head = source.read(16)
    for kind, beginnings in sorted(BEGINNINGS.items()):
        if head.startswith(beginnings or b"\0\0\0\0\0\0\0\0\0"):
            return kind
    return "bin"


def save(estimator, path, options, dataset):
    import xgboost

    kind = options.get("as", "json")
    named = os.path.join(tempfile.mkdtemp(dir=os.path.dirname(path)), "model" + ENDINGS[kind])
    booster_of(estimator).save_model(named)
    if kind_of(named) != kind:
        os.remove(named)
        raise Unsupported("XGBoost %s does not write this format" % xgboost.__version__)
    os.replace(named, path)
    os.rmdir(os.path.dirname(named))
    return ["predict"]


def load(path, options):
    import xgboost

    # The ending says what it is to those releases that do not look at the bytes.
    named = os.path.join(tempfile.mkdtemp(dir=os.getcwd()), "model" + ENDINGS[kind_of(path)])
    os.symlink(os.path.abspath(path), named)
    booster = xgboost.Booster()
    booster.load_model(named)
    return booster
