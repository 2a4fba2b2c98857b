"""XGBoost 1.6 made callbacks, early_stopping_rounds, eval_metric and more parameters of its
wrappers: none of them were given before."""

PARAMETERS_OF_1_6 = (
    "callbacks",
    "early_stopping_rounds",
    "eval_metric",
    "grow_policy",
    "max_bin",
    "max_cat_to_onehot",
    "max_leaves",
    "predictor",
    "sampling_method",
)


@mend("xgboost", "XGBModel", written="<1.6", read=">=1.6")
def parameters_of_1_6(it):
    for name in PARAMETERS_OF_1_6:
        if name not in it.state and takes(type(it.owner), name):
            it.set(name, None, "what the writer does without such a parameter")
