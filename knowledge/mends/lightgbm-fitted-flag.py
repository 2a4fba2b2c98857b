"""Since LightGBM 3.1 a fitted wrapper has fitted_; before, it has a booster."""


@mend("lightgbm", "LGBMModel", written="<3.1", read=">=3.1")
def is_fitted(it):
    if "fitted_" not in it.state and it.state.get("_Booster") is not None:
        it.set("fitted_", True, "what the reader has of a wrapper with a booster")
