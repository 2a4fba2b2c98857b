"""LinearRegression has the parameter positive since scikit-learn 0.24, and is asked for it since
1.6."""

given("sklearn", "LinearRegression", positive=False)
