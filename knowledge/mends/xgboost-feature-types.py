"""XGBoost 1.7 gave its wrappers the parameter feature_types: none were given before."""


@mend("xgboost", "XGBModel", written="<1.7", read=">=1.7")
def no_types(it):
    if "feature_types" not in it.state and takes(type(it.owner), "feature_types"):
        it.set("feature_types", None, "what the writer does without such a parameter")
