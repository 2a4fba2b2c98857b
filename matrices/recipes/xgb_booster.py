"""A booster without a wrapper, as xgboost.train gives it."""

import xgboost


def train(X, y):
    settings = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    return xgboost.train(settings, xgboost.DMatrix(X, label=y), num_boost_round=8)
