"""Trees have the parameter monotonic_cst since scikit-learn 1.4, forests as well. None is what
earlier releases do."""

given(
    "sklearn",
    "BaseDecisionTree BaseForest",
    monotonic_cst=None,
)
