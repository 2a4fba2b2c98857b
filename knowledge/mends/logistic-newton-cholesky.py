"""The solver newton-cholesky fits one model for each class up to scikit-learn 1.5 and one for all
classes since 1.6. The parameter multi_class can say which it was, as long as there is one."""


def is_left_open(it):
    classes = it.get("classes_")
    return (
        it.get("solver") == "newton-cholesky"
        and it.get("multi_class", "auto") in ("auto", "deprecated")
        and classes is not None
        and len(classes) > 2
    )


@mend("sklearn", "LogisticRegression", written="<1.6", read=">=1.6,<1.8")
def cholesky_fitted_apart(it):
    if is_left_open(it):
        it.set("multi_class", "ovr", "what the writer fitted")


@mend("sklearn", "LogisticRegression", written=">=1.6", read="<1.6")
def cholesky_fitted_together(it):
    if is_left_open(it):
        it.set("multi_class", "multinomial", "what the writer fitted")
