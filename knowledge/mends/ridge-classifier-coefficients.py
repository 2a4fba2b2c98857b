"""Since scikit-learn 1.6 a RidgeClassifier of two classes keeps coef_ with one dimension, and
intercept_ as a number; before, decision_function asked for two dimensions."""


@mend("sklearn", "RidgeClassifier RidgeClassifierCV", read="<1.6")
def ridge_coefficients_in_rows(it):
    import numpy

    if it.has("coef_") and numpy.ndim(it.get("coef_")) == 1:
        it.set("coef_", numpy.asarray(it.get("coef_")).reshape(1, -1), "one row")
        if numpy.ndim(it.get("intercept_")) == 0:
            it.set("intercept_", numpy.asarray([it.get("intercept_")]), "one row")
