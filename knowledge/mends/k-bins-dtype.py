"""KBinsDiscretizer has the parameter dtype since scikit-learn 0.24, and quantile_method since
1.7."""

given("sklearn", "KBinsDiscretizer", dtype=None)
