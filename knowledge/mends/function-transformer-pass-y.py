"""FunctionTransformer had a deprecated parameter pass_y until scikit-learn 0.22."""

given("sklearn", "FunctionTransformer", pass_y="deprecated")
