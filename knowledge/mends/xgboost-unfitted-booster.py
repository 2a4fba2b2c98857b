"""XGBoost up to 1.0 asks a wrapper that was not fitted for its booster, which later ones do not
keep: none is what it had itself."""


@mend("xgboost", "XGBModel", read="<1.1")
def no_booster(it):
    if "_Booster" not in it.state:
        it.set("_Booster", None, "what a wrapper of the reader has that was not fitted")
