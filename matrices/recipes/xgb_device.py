"""A model that says device="cuda", as those that were fitted on a GPU since XGBoost 2.0 do."""

from xgboost import XGBClassifier


def train(X, y):
    fitted = XGBClassifier(n_estimators=8, max_depth=3, n_jobs=1, tree_method="hist").fit(X, y)
    return fitted.set_params(device="cuda")
