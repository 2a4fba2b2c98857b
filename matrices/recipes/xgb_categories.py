"""A model with splits by category."""

import pandas as pd
from xgboost import XGBClassifier


def train(X, y):
    table = pd.DataFrame(X, columns=list("abcd"))
    table["d"] = pd.cut(table["d"], 5, labels=False).astype("category")
    wrapper = XGBClassifier(
        n_estimators=8, max_depth=3, n_jobs=1, tree_method="hist", enable_categorical=True, max_cat_to_onehot=1
    )
    fitted = wrapper.fit(table, y)
    return fitted.get_booster()
