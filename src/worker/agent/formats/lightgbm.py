# LightGBM's own format, without a wrapper around the booster.
LOAD_NEEDS = [("lightgbm", "lightgbm")]
SAVE_NEEDS = [("lightgbm", "lightgbm")]
PRELOAD = ["lightgbm"]


def booster_of(estimator):
    """The booster of a fitted wrapper, or itself."""
    import lightgbm

    if isinstance(estimator, lightgbm.Booster):
        return estimator
    if isinstance(estimator, getattr(lightgbm, "LGBMModel", ())):
        return estimator.booster_
    raise Unsupported(
        "LightGBM's own format holds one booster, and this model is a %s around it"
        % type(estimator).__name__
    )


def save(estimator, path, options, dataset):
    # Written by Python, so that no release decides by the name what it writes.
    with open(path, "w") as target:
        target.write(booster_of(estimator).model_to_string())
    return ["predict"]


def load(path, options):
    import lightgbm

    return lightgbm.Booster(model_file=path)
