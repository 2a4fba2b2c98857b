# What plain Python sees of the cells of a matrix: `write` in each environment, then `read` in each.
#
# Written without a look at the program: pickle, numpy and scikit-learn alone.
import csv
import importlib
import pickle
import re
import sys
import warnings

import numpy
import sklearn.preprocessing

warnings.simplefilter("ignore")
HERE = "sk" + sklearn.__version__
ENVIRONMENTS = ["sk1.2.2", "sk1.5.2"]
MODELS = ["scaler", "pca", "logistic", "tree", "pls", "target-encoder"]
ACCESS = {
    "StandardScaler": "preprocessing", "PCA": "decomposition", "LogisticRegression": "linear_model",
    "DecisionTreeClassifier": "tree", "PLSRegression": "cross_decomposition", "TargetEncoder": "preprocessing",
    "make_pipeline": "pipeline",
}


def data(model):
    name, target = ("waves.csv", "y") if model == "pls" else ("blobs.csv", "label")
    rows = list(csv.DictReader(open(name)))
    columns = [column for column in rows[0] if column != target]
    features = numpy.array([[float(row[column]) for column in columns] for row in rows])
    labels = [row[target] for row in rows]
    return features, numpy.array([float(y) for y in labels] if model == "pls" else labels)


def outputs(estimator, features):
    names = ["predict", "predict_proba", "decision_function", "transform"]
    return {name: getattr(estimator, name)(features) for name in names if hasattr(estimator, name)}


def build(expression):
    names = {
        name: getattr(importlib.import_module("sklearn." + module), name)
        for name, module in ACCESS.items()
        if name + "(" in expression
    }
    return eval(expression, names)


def write(matrix):
    expressions = dict(re.findall(r'name = "([a-z-]+)"\n(?:dataset = "waves"\n)?estimator = "(.*)"', matrix))
    for model in MODELS:
        features, target = data(model)
        try:
            numpy.random.seed(0)
            estimator = build(expressions[model])
        except AttributeError:
            continue
        estimator.fit(features, target)
        with open(model + "." + HERE + ".pickle", "wb") as file:
            pickle.dump(estimator, file)
        with open(model + "." + HERE + ".reference", "wb") as file:
            pickle.dump(outputs(estimator, features), file)


def outcome(model, producer):
    try:
        reference = pickle.load(open(model + "." + producer + ".reference", "rb"))
    except FileNotFoundError:
        return "absent"
    try:
        estimator = pickle.load(open(model + "." + producer + ".pickle", "rb"))
    except Exception:
        # Where the class itself does not exist, its file is no finding.
        exists = model != "target-encoder" or hasattr(sklearn.preprocessing, "TargetEncoder")
        return "load-error" if exists else "absent"
    try:
        now = outputs(estimator, data(model)[0])
    except Exception:
        return "predict-error"
    worst = 0.0
    for name, values in reference.items():
        if values.dtype.kind in "OU":
            worst = max(worst, float((values != now[name]).any()))
        else:
            worst = max(worst, float(numpy.abs(values - now[name]).max() / numpy.abs(values).max()))
    return "identical" if worst == 0 else "roundoff" if worst < 1e-11 else "drift"


if sys.argv[1] == "write":
    write(sys.argv[2])
else:
    for producer in ENVIRONMENTS:
        for model in MODELS:
            print("%s %s %s: %s" % (model, producer, HERE, outcome(model, producer)))
