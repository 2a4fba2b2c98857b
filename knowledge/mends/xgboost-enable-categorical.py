"""XGBoost 1.5 gave its wrappers the parameter enable_categorical: nothing was a category before."""


@mend("xgboost", "XGBModel", written="<1.5", read=">=1.5")
def no_categories(it):
    if "enable_categorical" not in it.state and takes(type(it.owner), "enable_categorical"):
        it.set("enable_categorical", False, "what the writer does without such a parameter")
