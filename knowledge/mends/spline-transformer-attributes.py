"""SplineTransformer has the parameter sparse_output since scikit-learn 1.3, handle_missing since
1.8."""

given("sklearn", "SplineTransformer", sparse_output=False, handle_missing="error")
