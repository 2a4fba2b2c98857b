"""Since scikit-learn 1.8 the probabilities of LogisticRegression are the logistic function for two
classes and softmax for more, whatever it was fitted for. A model of one against the rest for three
classes or more is the same as a OneVsRestClassifier of two-class models with its coefficients,
which the reader has. Softmax over two classes is twice as steep as the logistic function; no class
of the reader does that beside the same decision function, so it takes one of its own."""


def is_one_against_rest(it):
    """Whether the writer treats the classes apart, as its predict_proba decides it."""
    said, solver = it.get("multi_class", "auto"), it.get("solver")
    if said in ("ovr", "warn"):
        return True
    if said == "multinomial":
        return False
    apart = ("liblinear", "newton-cholesky") if it.written < (1, 6, 0) else ("liblinear",)
    return len(it.get("classes_")) <= 2 or solver in apart


def plain_logistic(it):
    """A LogisticRegression with the parameters of the model that the reader has."""
    kind = native("sklearn.linear_model", "LogisticRegression")
    known = kind._get_param_names()
    given_here = {key: it.get(key) for key in known if it.has(key)}
    if it.kind != "LogisticRegression":
        given_here = {key: given_here[key] for key in ("solver", "max_iter") if key in given_here}
    return kind, given_here


def one_of_two(it, kind, arguments, index):
    import numpy

    made = kind(**arguments)
    intercept = numpy.atleast_1d(it.get("intercept_"))
    made.classes_ = numpy.array([0, 1])
    made.coef_ = it.get("coef_")[index : index + 1].copy()
    made.intercept_ = (
        intercept[index : index + 1].copy() if len(intercept) > 1 else intercept.copy()
    )
    made.n_features_in_ = made.coef_.shape[1]
    made.n_iter_ = numpy.atleast_1d(numpy.asarray(it.get("n_iter_", 0)).max())
    return made


@mend("sklearn", "LogisticRegression", read=">=1.8", exactness="type-changes", late=True)
def one_against_rest(it):
    if it.kind not in ("LogisticRegression", "LogisticRegressionCV") or not it.has("classes_"):
        return
    if it.written is None or it.written >= (1, 8, 0):
        return
    classes = it.get("classes_")
    if len(classes) <= 2 or not is_one_against_rest(it):
        return
    holder = native("sklearn.multiclass", "OneVsRestClassifier")
    kind, arguments = plain_logistic(it)
    models = [one_of_two(it, kind, arguments, index) for index in range(len(classes))]
    binarizer = native("sklearn.preprocessing", "LabelBinarizer")(sparse_output=True).fit(classes)
    version = it.get("_sklearn_version")
    names = it.get("feature_names_in_")
    for key in list(it.state):
        it.drop(key, "a OneVsRestClassifier of the same coefficients takes its place")
    it.state.update(
        estimator=kind(**arguments),
        n_jobs=None,
        verbose=0,
        estimators_=models,
        label_binarizer_=binarizer,
        n_features_in_=models[0].n_features_in_,
        _sklearn_version=version,
    )
    if not isinstance(getattr(holder, "classes_", None), property):
        it.state["classes_"] = classes
    if names is not None:
        it.state["feature_names_in_"] = names
    it.become(holder, "one against the rest, with the same coefficients")


@mend("sklearn", "LogisticRegression", read=">=1.8", exactness="companion", late=True)
def softmax_of_two(it):
    if it.kind not in ("LogisticRegression", "LogisticRegressionCV") or not it.has("classes_"):
        return
    if it.get("multi_class") == "multinomial" and len(it.get("classes_")) == 2:
        name = {
            "LogisticRegression": "SoftmaxLogisticRegression",
            "LogisticRegressionCV": "SoftmaxLogisticRegressionCV",
        }[it.kind]
        it.become(it.companion("rescued_logistic", name), "softmax over two classes")
