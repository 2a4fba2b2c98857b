"""Up to XGBoost 1.4 a wrapper always has the dictionary kwargs: it is empty where nothing was
given."""


@mend("xgboost", "XGBModel", written=">=1.5", read="<1.5")
def no_further_parameters(it):
    if "kwargs" not in it.state:
        it.set("kwargs", {}, "what the reader keeps where nothing was given")
