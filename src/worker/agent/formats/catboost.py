# CatBoost's own formats.
LOAD_NEEDS = [("catboost", "catboost")]
SAVE_NEEDS = [("catboost", "catboost")]
PRELOAD = ["catboost"]

MAGIC = b"CBM1"


def save(estimator, path, options, dataset):
    import catboost

    if not isinstance(estimator, catboost.CatBoost):
        raise Unsupported(
            "CatBoost's own formats hold one of its models, and this is a %s around it"
            % type(estimator).__name__
        )
    estimator.save_model(path, format=options.get("as", "cbm"))
    # A bare model gives scores, whatever the class was that wrote it.
    return ["predict"]


def load(path, options):
    import catboost

    with open(path, "rb") as source:
        is_binary = source.read(4) == MAGIC
    return catboost.CatBoost().load_model(path, format="cbm" if is_binary else "json")
