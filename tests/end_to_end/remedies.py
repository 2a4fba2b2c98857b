"""What remedies tell people to type, typed: each makes a model of one release right in another.

remedies.py rows                what there is to try, as JSON
remedies.py make RULE FOLDER    in the release that makes the model
remedies.py try RULE FOLDER     in the release that reads it
"""

import json
import pickle
import random
import sys
import warnings

# A rule, the release that makes the model, the one that reads it, the model (X and y are given),
# what is computed of the model `m`, and the remedy.
ROWS = [
    (
        "scaler-clip",
        "0.22.2.post1",
        "1.1.3",
        "MinMaxScaler().fit(X)",
        "m.transform(X)",
        "m.clip = False",
    ),
    (
        "linear-regression-positive",
        "0.22.2.post1",
        "1.7.2",
        "LinearRegression().fit(X, y)",
        "m.predict(X)",
        "m.positive = False",
    ),
    (
        "gaussian-nb-variance",
        "0.22.2.post1",
        "1.1.3",
        "GaussianNB().fit(X, y)",
        "m.predict_proba(X)",
        "m.var_ = vars(m)['sigma_']",
    ),
    (
        "gaussian-nb-variance",
        "1.1.3",
        "0.22.2.post1",
        "GaussianNB().fit(X, y)",
        "m.predict_proba(X)",
        "m.sigma_ = vars(m)['var_']",
    ),
    (
        "kmeans-threads",
        "0.22.2.post1",
        "1.1.3",
        "KMeans(3, random_state=0, n_init=2).fit(X)",
        "m.transform(X), m.predict(X)",
        "m._n_threads = 1",
    ),
    (
        "nystroem-jobs",
        "0.22.2.post1",
        "1.1.3",
        "Nystroem(n_components=5, random_state=0).fit(X)",
        "m.transform(X)",
        "m.n_jobs = None",
    ),
    (
        "select-from-model-importance",
        "0.22.2.post1",
        "1.1.3",
        "SelectFromModel(Lasso(alpha=0.01)).fit(X, y)",
        "m.transform(X)",
        "m.importance_getter = 'auto'",
    ),
    (
        "function-transformer-names",
        "0.22.2.post1",
        "1.5.2",
        "FunctionTransformer(np.log1p).fit(X)",
        "m.transform(X)",
        "m.feature_names_out = None",
    ),
    (
        "random-projection-dense-output",
        "1.1.3",
        "0.22.2.post1",
        "GaussianRandomProjection(3, random_state=0).fit(X)",
        "m.transform(X)",
        "m.dense_output = True",
    ),
    (
        "bayesian-normalize-deprecated",
        "1.1.3",
        "0.22.2.post1",
        "BayesianRidge().fit(X, y)",
        "m.predict(X, return_std=True)",
        "m.normalize = False",
    ),
    (
        "kernel-density-bandwidth",
        "1.1.3",
        "1.2.2",
        "KernelDensity(bandwidth=0.7).fit(X)",
        "m.score_samples(X)",
        "m.bandwidth_ = m.bandwidth",
    ),
    (
        "simple-imputer-attributes",
        "1.1.3",
        "1.8.0",
        "SimpleImputer().fit(X)",
        "m.transform(X)",
        "m._fill_dtype = m.statistics_.dtype; m.keep_empty_features = False",
    ),
    (
        "simple-imputer-attributes",
        "0.22.2.post1",
        "1.8.0",
        "SimpleImputer().fit(X)",
        "m.transform(X)",
        "m._fit_dtype = m._fill_dtype = m.statistics_.dtype; m.keep_empty_features = False",
    ),
    (
        "sgd-log-loss-name",
        "1.1.3",
        "1.5.2",
        "SGDClassifier(loss='log', random_state=0).fit(X, y)",
        "m.predict_proba(X), m.decision_function(X)",
        "m.loss = 'log_loss'",
    ),
    (
        "tfidf-idf",
        "1.1.3",
        "1.5.2",
        "TfidfVectorizer().fit(TEXTS)",
        "m.transform(TEXTS).toarray()",
        "m._tfidf.idf_ = np.array(NOTED)",
    ),
    (
        "tfidf-idf",
        "0.22.2.post1",
        "1.5.2",
        "TfidfVectorizer().fit(TEXTS)",
        "m.transform(TEXTS).toarray()",
        "m._tfidf.idf_ = np.array(NOTED)",
    ),
    (
        "tfidf-idf",
        "1.5.2",
        "1.1.3",
        "TfidfVectorizer().fit(TEXTS)",
        "m.transform(TEXTS).toarray()",
        "m._tfidf.idf_ = np.array(NOTED)",
    ),
    (
        "tree-monotonic-cst",
        "1.3.2",
        "1.5.2",
        "RandomForestRegressor(5, random_state=0).fit(X, y)",
        "m.predict(X)",
        "[setattr(tree, 'monotonic_cst', None) for tree in m.estimators_]",
    ),
    (
        "logistic-multi-class-deprecated",
        "1.5.2",
        "1.2.2",
        "LogisticRegression().fit(X, y > 0)",
        "m.predict_proba(X)",
        "m.multi_class = 'auto'",
    ),
    (
        "logistic-multi-class-missing",
        "1.8.0",
        "1.5.2",
        "LogisticRegression().fit(X, y > 0)",
        "m.predict_proba(X)",
        "m.multi_class = 'auto'",
    ),
    (
        "logistic-multi-class-missing",
        "1.8.0",
        "1.5.2",
        "LogisticRegression().fit(X, y)",
        "m.predict_proba(X)",
        "m.multi_class = 'auto'",
    ),
    (
        "ridge-classifier-classes",
        "1.5.2",
        "1.8.0",
        "RidgeClassifier().fit(X, y)",
        "m.predict(X)",
        "m.classes_ = m._label_binarizer.classes_",
    ),
]
NAMES = """
    cluster:KMeans ensemble:RandomForestRegressor feature_extraction.text:TfidfVectorizer
    feature_selection:SelectFromModel impute:SimpleImputer kernel_approximation:Nystroem
    linear_model:BayesianRidge linear_model:Lasso linear_model:LinearRegression
    linear_model:LogisticRegression linear_model:RidgeClassifier linear_model:SGDClassifier
    naive_bayes:GaussianNB neighbors:KernelDensity preprocessing:FunctionTransformer
    preprocessing:MinMaxScaler random_projection:GaussianRandomProjection
"""
TEXTS = ["a light at sea", "the sea is wide", "light rain and wind", "wind at sea and no rain"]
RELATIVE = 1e-12


def scope():
    """The names of the rows, and data that is the same everywhere."""
    import importlib

    import numpy

    draw = random.Random(7)
    rows = [[draw.uniform(0, 3) for _ in range(6)] for _ in range(60)]
    names = {"np": numpy, "TEXTS": TEXTS}
    names["X"] = numpy.array(rows)
    names["y"] = numpy.array([int(row[0] + row[1]) // 2 for row in rows])
    for name in NAMES.split():
        module, kind = name.split(":")
        names[kind] = getattr(importlib.import_module("sklearn." + module), kind)
    return names


def computed(names, expression):
    """Every number of what an expression gives, or the name of the exception."""
    try:
        value = eval(expression, names)
    except Exception as error:
        return type(error).__name__
    parts = value if isinstance(value, tuple) else (value,)
    return [float(number) for part in parts for number in names["np"].asarray(part).ravel()]


def agree(one, other):
    """Whether two results are numbers that agree within roundoff."""
    if isinstance(one, str) or isinstance(other, str) or len(one) != len(other):
        return False
    scale = max([1.0] + [abs(number) for number in other])
    return all(abs(a - b) <= RELATIVE * scale for a, b in zip(one, other))


def main():
    warnings.simplefilter("ignore")
    if sys.argv[1] == "rows":
        print(json.dumps([[index] + list(row[:3]) for index, row in enumerate(ROWS)]))
        return
    index, folder = int(sys.argv[2]), sys.argv[3]
    _, _, _, expression, outputs, remedy = ROWS[index]
    names = scope()
    path = "%s/%d" % (folder, index)
    if sys.argv[1] == "make":
        model = eval(expression, names)
        with open(path + ".pkl", "wb") as file:
            pickle.dump(model, file, protocol=4)
        names["m"] = model
        noted = [float(number) for number in model.idf_] if hasattr(model, "idf_") else None
        with open(path + ".json", "w") as file:
            json.dump([computed(names, outputs), noted], file)
        return
    with open(path + ".json") as file:
        expected, names["NOTED"] = json.load(file)
    with open(path + ".pkl", "rb") as file:
        names["m"] = pickle.load(file)
    before = agree(computed(names, outputs), expected)
    try:
        exec(remedy, names)
        after = computed(names, outputs)
    except Exception as error:
        after = "%s: %s" % (type(error).__name__, error)
    print(
        json.dumps(
            {"needed": not before, "right": agree(after, expected), "gives": str(after)[:120]}
        )
    )


main()
