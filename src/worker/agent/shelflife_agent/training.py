"""Trainings: fit a model once and write it in all its formats."""

import importlib
import pickle
import time
import warnings

from .bundles import DATA, SEPARATOR, data_in, estimators_in
from .errors import Lacking, Missing, Unsupported
from .estimators import offered_outputs, offers, seed_everything
from .facts import MAX_TEXT, cut, error_fact, text_of
from .handlers import save_artifact
from .imports import is_there
from .inputs import Dataset
from .names import evaluate, sklearn_version
from .recipes import run_recipe


def build(source):
    """The estimator of a model, and whether it is fitted already by its recipe (then a
    function)."""
    if "expression" in source:
        return evaluate(source["expression"]), None
    module = run_recipe(source)
    if hasattr(module, "train"):
        return None, module.train
    if hasattr(module, "model"):
        return module.model(), None
    raise TypeError("the recipe %s defines neither model() nor train(X, y)" % source["path"])


def lacks_keyword(error):
    """Whether a constructor was given a parameter that this version does not know."""
    return isinstance(error, TypeError) and "unexpected keyword argument" in text_of(error)


def train(task, protocol, index):
    """Fit one model and write it in all its formats."""
    dataset = Dataset(task["dataset"], task["arrays"])
    inputs = Dataset(task["inputs"], task["arrays"])
    result = {"op": "result", "index": index}
    protocol.phase(index, "train")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator, facts = fit(task, dataset, inputs)
        result.update(facts)
        if "methods" in facts:
            result["saved"] = []
            for saving in task["formats"]:
                protocol.phase(index, "save")
                result["saved"].append(save(estimator, saving, dataset, facts["methods"]))
    return result


def fit(task, dataset, inputs):
    """The fitted estimator of a task, and what is told of it: seconds and outputs, or why there is
    none."""
    start = time.perf_counter()
    try:
        seed_everything(task["seed"])
        estimator, train_function = build(task["source"])
    except Lacking as reason:
        return None, {"unsupported": str(reason)}
    except Exception as error:
        if lacks_keyword(error):
            text = "scikit-learn %s: %s" % (sklearn_version(), cut(text_of(error), MAX_TEXT))
            return None, {"unsupported": text}
        return None, {"train_error": error_fact(error)}
    seconds = None
    try:
        features, target = dataset.features(), dataset.target()
        if train_function is not None:
            estimator = train_function(features, target)
        elif target is None:
            estimator = estimator.fit(features)
        else:
            estimator = estimator.fit(features, target)
        seconds = time.perf_counter() - start
        methods = task["methods"]
        if methods is None:
            methods = outputs_of(estimator, inputs, task["seed"])
    except Exception as error:
        facts = {"train_error": error_fact(error)}
        if seconds is not None:
            facts["train_seconds"] = seconds
        return None, facts
    return estimator, {"train_seconds": seconds, "methods": methods}


def outputs_of(fitted, dataset, seed):
    """What is to be compared of what a training gave: the outputs of an estimator; of a dictionary
    or the like those of each estimator in it, and the data beside them, by their paths."""
    parts = estimators_in(fitted)
    if not parts or not parts[0][0]:
        return offered_outputs(fitted, dataset, seed)
    names = []
    for path, part in parts:
        offered = offered_outputs(part, dataset, seed)
        if not offered and offers(part, "classes_"):
            offered = ["classes_"]
        names += [path + SEPARATOR + name for name in offered]
    return names + [path + SEPARATOR + DATA for path, _ in data_in(fitted)]


def save(estimator, saving, dataset, methods):
    """Write one artifact; gives what is told of it."""
    start = time.perf_counter()
    try:
        outputs = save_artifact(estimator, saving, dataset)
        seconds = time.perf_counter() - start
        if saving.get("model") is not None:
            save_model(estimator, saving["model"])
    except Unsupported as reason:
        return {"unsupported": cut(text_of(reason), MAX_TEXT)}
    except ModuleNotFoundError as error:
        return {"missing": "%s is not installed" % error.name}
    except Missing as reason:
        return {"missing": cut(text_of(reason), MAX_TEXT)}
    except Exception as error:
        return {"error": error_fact(error)}
    # An artifact that holds fewer outputs than the estimator offers is asked for those only.
    held = None if outputs is None else [name for name in methods if name in outputs]
    return {"save_seconds": seconds, "methods": held}


def save_model(estimator, path):
    """The fitted model itself, for the reference of formats that translate it."""
    try:
        data = pickle.dumps(estimator, protocol=pickle.DEFAULT_PROTOCOL)
    except Exception:
        # Functions without a name, classes of `__main__`: `pickle.load` reads what cloudpickle
        # makes of them, too.
        if not is_there("cloudpickle"):
            raise
        data = importlib.import_module("cloudpickle").dumps(estimator)
    with open(path, "wb") as target:
        target.write(data)
