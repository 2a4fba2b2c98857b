"""A booster without a wrapper, as lightgbm.train gives it."""

import lightgbm


def train(X, y):
    settings = {"objective": "binary", "num_leaves": 7, "verbose": -1, "num_threads": 1}
    return lightgbm.train(settings, lightgbm.Dataset(X, label=y), num_boost_round=8)
