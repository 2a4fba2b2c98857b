#!/usr/bin/env python3
"""Draws models: every estimator that this interpreter's scikit-learn lists, with its defaults and with parameters that
a seed chooses. Printed are `[[models]]` of a matrix over the datasets of zoo.toml.

    python matrices/draw.py --seed 7 > models.toml
    python matrices/draw.py --seed 20261129 --count 20 --no-defaults

What a seed chooses is fitted here first, so that only models remain that can be trained at all. Nobody picks by hand:
known causes are measured on models that whoever wrote them has not seen.
"""

import argparse
import csv
import hashlib
import os
import random
import signal
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
# As zoo.toml declares them: the file, the targets, and columns that are left out. Tried in this order; the first that an
# estimator can be fitted on is its own.
DATASETS = {
    "blobs": ("blobs", ["label"], []),
    "waves": ("waves", ["y"], []),
    "counts": ("counts", ["topic"], []),
    "waves-two": ("waves", ["y", "noise"], []),
    "waves-single": ("waves", ["y"], ["depth", "wind", "shift", "noise"]),
    "counts-two": ("counts", ["sail", "root"], ["topic"]),
    "ring": ("ring", ["y"], []),
    "messages": ("messages", ["kind"], []),
}
TREE = "DecisionTreeClassifier(max_depth=3, random_state=0)"
REGRESSION_TREE = "DecisionTreeRegressor(max_depth=3, random_state=0)"
# Estimators that cannot be made without arguments.
ARGUMENTS = {
    "ClassifierChain": [TREE],
    "ColumnTransformer": ["[('scale', StandardScaler(), [0, 1]), ('rest', 'passthrough', [2])]"],
    "FeatureUnion": ["[('pca', PCA(2)), ('best', SelectKBest(k=2))]"],
    "FixedThresholdClassifier": ["LogisticRegression()"],
    "FrozenEstimator": ["StandardScaler()"],
    "GridSearchCV": [TREE, "{'max_depth': [2, 3]}"],
    "HalvingGridSearchCV": [TREE, "{'max_depth': [2, 3]}"],
    "HalvingRandomSearchCV": [TREE, "{'max_depth': [2, 3]}"],
    "MultiOutputClassifier": [TREE],
    "MultiOutputRegressor": ["Ridge()"],
    "OneVsOneClassifier": ["LinearDiscriminantAnalysis()"],
    "OneVsRestClassifier": ["LinearDiscriminantAnalysis()"],
    "OutputCodeClassifier": ["LinearDiscriminantAnalysis()"],
    "Pipeline": ["[('scale', StandardScaler()), ('model', LogisticRegression())]"],
    "RFE": ["Ridge()"],
    "RFECV": ["Ridge()"],
    "RandomizedSearchCV": [TREE, "{'max_depth': [2, 3, 4]}"],
    "RegressorChain": ["Ridge()"],
    "SelectFromModel": [TREE],
    "SelfTrainingClassifier": ["GaussianNB()"],
    "SequentialFeatureSelector": ["GaussianNB()"],
    "SparseCoder": ["np.eye(6)[:4]"],
    "StackingClassifier": ["[('nb', GaussianNB()), ('tree', %s)]" % TREE],
    "StackingRegressor": ["[('ridge', Ridge()), ('tree', %s)]" % REGRESSION_TREE],
    "TunedThresholdClassifierCV": ["LogisticRegression()"],
    "VotingClassifier": ["[('nb', GaussianNB()), ('lda', LinearDiscriminantAnalysis())]"],
    "VotingRegressor": ["[('ridge', Ridge()), ('tree', %s)]" % REGRESSION_TREE],
}
SIZES = {"n_estimators": "8", "max_iter": "60", "n_restarts_optimizer": "0"}
# What says how it is computed and how much is told, or what comes with arguments above: no other model.
LEFT_ALONE = {
    "n_jobs", "verbose", "random_state", "memory", "copy", "copy_X", "copy_x", "cache_size", "warm_start", "compute_full_tree",
    "n_estimators", "estimator", "base_estimator", "estimators", "steps", "transformers", "transformer_list", "max_iter",
    "param_grid", "param_distributions", "dictionary", "verbose_interval", "verbose_feature_names_out", "n_restarts_optimizer",
    "feature_names_in", "output_distribution_", "pre_dispatch", "input",
}
SECONDS = 5
TRIES = 40


def table(file, targets, dropped):
    with open(os.path.join(HERE, "..", "datasets", file + ".csv")) as lines:
        rows = list(csv.reader(lines))
    header, rows = rows[0], rows[1:]
    inputs = [at for at, name in enumerate(header) if name not in targets and name not in dropped]

    def numbers(at):
        try:
            return [float(row[at]) for row in rows]
        except ValueError:
            return [row[at] for row in rows]

    columns = [numbers(at) for at in inputs]
    X = columns[0] if isinstance(columns[0][0], str) else np.array(columns).T
    y = [numbers(header.index(name)) for name in targets]
    y = [[int(v) for v in one] if all(isinstance(v, float) and v == int(v) for v in one) else one for one in y]
    return X, np.array(y[0] if len(y) == 1 else list(zip(*y)))


def names():
    """What an expression may use: every public name of scikit-learn's modules."""
    import importlib
    import pkgutil

    import sklearn

    for switch in ("enable_halving_search_cv", "enable_iterative_imputer", "enable_hist_gradient_boosting"):
        try:
            importlib.import_module("sklearn.experimental." + switch)
        except ImportError:
            pass
    known = {"np": np}
    for module in pkgutil.iter_modules(sklearn.__path__):
        if module.name.startswith("_") or module.name in ("externals", "conftest", "setup", "utils"):
            continue
        try:
            found = importlib.import_module("sklearn." + module.name)
            known.update({name: getattr(found, name) for name in getattr(found, "__all__", ())})
        except Exception:
            pass
    return known


def listed(known):
    """What scikit-learn's own listing gives, which the oldest releases have among their tests only."""
    from sklearn.base import BaseEstimator

    kinds = {name: kind for name, kind in known.items() if isinstance(kind, type) and issubclass(kind, BaseEstimator)}
    return {name: kind for name, kind in kinds.items() if not getattr(kind, "__abstractmethods__", None)}


def written(value):
    if isinstance(value, float) and not np.isfinite(value):
        return "np.nan" if value != value else ("-np.inf" if value < 0 else "np.inf")
    return repr(value)


def drawn(generator, constraint):
    """A value that a constraint of the estimator allows, or nothing."""
    kind = type(constraint).__name__
    if kind in ("StrOptions", "Options"):
        return written(generator.choice(sorted(constraint.options, key=str)))
    if kind == "Interval":
        whole = "Integral" in str(constraint.type)
        low = constraint.left if constraint.left is not None else -3
        high = constraint.right if constraint.right is not None else low + (5 if whole else 2)
        if low == float("-inf"):
            low = -3
        if high == float("inf"):
            high = low + 5
        if whole:
            return written(generator.randint(int(low) + (constraint.closed in ("right", "neither")), int(high)))
        return written(round(low + (high - low) * generator.choice([0.1, 0.25, 0.5, 0.75, 0.9]), 3))
    if constraint == "boolean" or kind == "_Booleans":
        return generator.choice(["True", "False"])
    if constraint is None:
        return "None"
    return None


def near(generator, value):
    """Another value of the kind of a default, where nothing says what is allowed."""
    if isinstance(value, bool):
        return written(not value)
    if isinstance(value, int):
        return written(max(1, value + generator.choice([-2, -1, 1, 2])))
    if isinstance(value, float):
        return written(round(value * generator.choice([0.1, 0.5, 2, 3]), 6))
    return None


def parameters(generator, kind, defaults):
    """Some parameters of an estimator, written as arguments."""
    constraints = getattr(kind, "_parameter_constraints", None) or {}
    open_ones = sorted(name for name in defaults if name not in LEFT_ALONE)
    chosen = generator.sample(open_ones, min(len(open_ones), generator.randint(1, 3)))
    arguments = {}
    for name in sorted(chosen):
        allowed = constraints.get(name)
        if isinstance(allowed, (list, tuple)) and allowed:
            text = drawn(generator, generator.choice(list(allowed)))
        else:
            text = near(generator, defaults[name])
        if text is not None and text != written(defaults[name]):
            arguments[name] = text
    return arguments


def expression(name, defaults, arguments):
    arguments = dict(arguments)
    for one, text in SIZES.items():
        if one in defaults and name not in ("KMeans", "MiniBatchKMeans"):
            arguments.setdefault(one, text)
    if "random_state" in defaults:
        arguments["random_state"] = "0"
    words = ARGUMENTS.get(name, []) + ["%s=%s" % pair for pair in sorted(arguments.items())]
    return "%s(%s)" % (name, ", ".join(words))


class TooSlow(Exception):
    pass


def too_slow(*_):
    raise TooSlow()


def fits(text, known, data):
    """The first dataset that it can be trained on and asked with."""
    for name, (X, y) in data.items():
        signal.alarm(SECONDS)
        try:
            model = eval(text, dict(known))
            model.fit(X, y)
            for method in ("predict", "transform"):
                if hasattr(model, method):
                    getattr(model, method)(X)
                    break
            return name
        except (Exception, TooSlow):
            continue
        finally:
            signal.alarm(0)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--sets", type=int, default=2, help="drawn sets of parameters of each estimator")
    parser.add_argument("--count", type=int, help="so many models, of estimators that the seed chooses, too")
    parser.add_argument("--no-defaults", action="store_true", help="not the models with default parameters")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, too_slow)
    known = names()
    data = {name: table(*one) for name, one in DATASETS.items()}
    kinds = sorted((name, kind) for name, kind in listed(known).items())
    generator = random.Random(options.seed)
    if options.count:
        generator.shuffle(kinds)
    found = 0
    for name, kind in kinds:
        if options.count and found >= options.count:
            break
        own = random.Random("%d %s" % (options.seed, name))
        seen = set()
        try:
            signature = kind.__init__.__code__
            count = signature.co_argcount + getattr(signature, "co_kwonlyargcount", 0)
            defaults = dict.fromkeys(signature.co_varnames[1:count])
            values = kind.__init__.__defaults__ or ()
            for one, value in zip(reversed(signature.co_varnames[:signature.co_argcount]), reversed(values)):
                defaults[one] = value
            defaults.update(kind.__init__.__kwdefaults__ or {})
        except AttributeError:
            defaults = {}
        wanted = [] if options.no_defaults else [{}]
        for arguments in wanted + [None] * TRIES:
            if len(seen) >= len(wanted) + options.sets:
                break
            if arguments is None:
                arguments = parameters(own, kind, defaults)
                if not arguments:
                    continue
            text = expression(name, defaults, arguments)
            if text in seen:
                continue
            dataset = fits(text, known, data)
            if dataset is None:
                continue
            seen.add(text)
            found += 1
            mark = hashlib.sha256(text.encode("ascii")).hexdigest()[:6]
            print('\n[[models]]\nname = "%s-%s"' % (name, mark))
            print('estimator = """%s"""\ndataset = "%s"' % (text, dataset), flush=True)
        if not seen:
            print("nothing of %s can be trained" % name, file=sys.stderr)


if __name__ == "__main__":
    main()
