"""PolynomialFeatures has the parameter order since scikit-learn 0.21."""

given("sklearn", "PolynomialFeatures", order="C")
