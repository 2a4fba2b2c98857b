"""The floor under a run: the same training, saving, loading and predicting in plain Python, without isolation.

    python floor.py MATRIX --python NAME=COMMAND [--python ...] [--jobs N] --output FOLDER

One process per environment trains and saves every model in every format, waits until all the others have done so,
then loads every artifact of every environment, predicts with it and saves the outputs with `numpy.save`. At most N
processes compute at a time (the number of cores by default). Nothing is compared, recorded, limited or isolated, and
each process imports only what its models use. COMMAND starts an environment's interpreter. What a careful runner takes longer than this is the price of its care.

Needs Python 3.11 or later (tomllib) on both sides. `benches/end_to_end.sh` calls it with the right interpreters.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time

# Where the estimators of the small matrices live; others are one line each.
HOMES = {
    "sklearn.decomposition": "PCA",
    "sklearn.ensemble": "AdaBoostClassifier GradientBoostingRegressor HistGradientBoostingRegressor"
    " RandomForestClassifier",
    "sklearn.feature_extraction.text": "TfidfVectorizer",
    "sklearn.gaussian_process": "GaussianProcessRegressor",
    "sklearn.gaussian_process.kernels": "RBF WhiteKernel",
    "sklearn.linear_model": "LogisticRegression Ridge",
    "sklearn.neighbors": "KNeighborsClassifier",
    "sklearn.pipeline": "make_pipeline",
    "sklearn.preprocessing": "StandardScaler",
    "sklearn.svm": "SVC",
    "sklearn.tree": "DecisionTreeClassifier",
}
METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
SEED = 0
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Slots:
    """Turns at the cores: a pipe with as many bytes in it as processes may compute at a time."""

    def __init__(self, read, write):
        self.read, self.write = read, write

    def __enter__(self):
        os.read(self.read, 1)

    def __exit__(self, *_):
        os.write(self.write, b".")


def read_dataset(path, target):
    """Features and target of a CSV file: numbers as a matrix, one column of text as a list."""
    import csv

    import numpy

    with open(path, newline="", encoding="utf-8") as lines:
        header, *rows = csv.reader(lines)
    at = header.index(target)
    labels = [row[at] for row in rows]
    features = [row[:at] + row[at + 1 :] for row in rows]

    def numbers(values):
        try:
            return numpy.array(values, dtype=float)
        except ValueError:
            return None

    matrix, wanted = numbers(features), numbers(labels)
    return (
        matrix if matrix is not None else [row[0] for row in features],
        wanted if wanted is not None else numpy.array(labels),
    )


def evaluate(expression):
    """The estimator of an expression, importing only what it names."""
    import ast
    import importlib

    used = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
    scope = {}
    for module, names in HOMES.items():
        for name in used.intersection(names.split()):
            scope[name] = getattr(importlib.import_module(module), name)
    missing = used - set(scope)
    if missing:
        raise SystemExit("floor.py does not know where %s lives: add it to HOMES" % ", ".join(sorted(missing)))
    return eval(expression, scope)


def save_pickle(estimator, path):
    import pickle

    with open(path, "wb") as target:
        pickle.dump(estimator, target)


def load_pickle(path):
    import pickle

    with open(path, "rb") as source:
        return pickle.load(source)


def save_joblib(estimator, path):
    import joblib

    joblib.dump(estimator, path)


def load_joblib(path):
    import joblib

    return joblib.load(path)


FORMATS = {"pickle": (save_pickle, load_pickle), "joblib": (save_joblib, load_joblib)}


def offered(estimator):
    """The outputs that a fitted estimator offers."""
    import inspect

    names = [name for name in METHODS if hasattr(estimator, name)]
    if hasattr(estimator, "predict") and "return_std" in inspect.signature(estimator.predict).parameters:
        names.append("predict_std")
    if hasattr(estimator, "classes_"):
        names.append("classes_")
    return names


def outputs(estimator, names, features):
    """Each output as (name, array)."""
    for name in names:
        if name == "classes_":
            value = estimator.classes_
        elif name == "predict_std":
            value = estimator.predict(features, return_std=True)[1]
        else:
            value = getattr(estimator, name)(features)
        if hasattr(value, "tocsr"):
            for part in ("data", "indices", "indptr"):
                yield "%s.%s" % (name, part), getattr(value, part)
        else:
            yield name, value


def train(environment, matrix, datasets, folder):
    """Phase 1. A model that this version does not have is left out."""
    made = 0
    for model in matrix["models"]:
        features, target = datasets[model.get("dataset", matrix["defaults"]["dataset"])]
        try:
            estimator = evaluate(model["estimator"]).fit(features, target)
        except TypeError:
            # A parameter that is no more.
            continue
        names = offered(estimator)
        for format in model.get("formats", matrix["defaults"]["formats"]):
            stem = "%s/%s@%s.%s" % (folder, model["name"], environment, format)
            FORMATS[format][0](estimator, stem)
            with open(stem + ".json", "w", encoding="utf-8") as facts:
                json.dump({"model": model["name"], "format": format, "outputs": names}, facts)
            made += 1
    return made


def predict(environment, matrix, datasets, folder):
    """Phase 2."""
    import warnings

    import numpy

    by_name = {model["name"]: model for model in matrix["models"]}
    worked = failed = 0
    warnings.simplefilter("ignore")
    for entry in sorted(entry for entry in os.listdir(folder) if entry.endswith(".json")):
        with open(os.path.join(folder, entry), encoding="utf-8") as lines:
            facts = json.load(lines)
        model = by_name[facts["model"]]
        features, _ = datasets[model.get("dataset", matrix["defaults"]["dataset"])]
        stem = os.path.join(folder, entry[: -len(".json")])
        try:
            estimator = FORMATS[facts["format"]][1](stem)
            for name, value in outputs(estimator, facts["outputs"], features):
                numpy.save("%s.%s.%s" % (stem, environment, name), value)
            worked += 1
        except Exception:
            failed += 1
    return worked, failed


def work(environment, matrix_path, folder, slots):
    """One environment, both phases."""
    with slots:
        import tomllib

        with open(matrix_path, "rb") as source:
            matrix = tomllib.load(source)
        base = os.path.dirname(os.path.abspath(matrix_path))
        datasets = {
            name: read_dataset(os.path.join(base, dataset["path"]), dataset["target"])
            for name, dataset in matrix["datasets"].items()
        }
        import random
        import warnings

        import numpy

        random.seed(SEED)
        numpy.random.seed(SEED)
        warnings.simplefilter("ignore")
        made = train(environment, matrix, datasets, folder)
    # The barrier: say that this half is done, and wait for everybody's.
    print("trained", flush=True)
    if not sys.stdin.readline():
        raise SystemExit("nobody waits for the outputs any more")
    with slots:
        worked, failed = predict(environment, matrix, datasets, folder)
    print(json.dumps({"made": made, "worked": worked, "failed": failed}), flush=True)


def run(matrix, pythons, jobs, folder):
    """Runs all environments; returns the seconds and what each of them says that it did."""
    read, write = os.pipe()
    os.write(write, b"." * jobs)
    variables = dict(os.environ, **{name: "1" for name in THREADS}, PYTHONHASHSEED="0", PYTHONNOUSERSITE="1")
    start = time.perf_counter()
    processes = {}
    for name, python in pythons.items():
        command = shlex.split(python) + [os.path.abspath(__file__), matrix, "--work", name, "--output", folder]
        command += ["--slots", "%d,%d" % (read, write)]
        processes[name] = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=variables,
            pass_fds=(read, write),
            text=True,
            # Linux shares the cores of a busy machine out by session, and a run's children have their own too.
            start_new_session=True,
        )
    for name, process in processes.items():
        if process.stdout.readline() != "trained\n":
            raise SystemExit("the floor's process of %s failed" % name)
    for process in processes.values():
        process.stdin.write("go\n")
        process.stdin.flush()
    facts = {name: json.loads(process.stdout.readline()) for name, process in processes.items()}
    for process in processes.values():
        process.stdin.close()
        process.wait()
    return time.perf_counter() - start, facts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("matrix")
    parser.add_argument("--python", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--output", required=True, help="folder for artifacts and outputs")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--slots", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        slots = Slots(*map(int, arguments.slots.split(",")))
        return work(arguments.work, arguments.matrix, arguments.output, slots)
    pythons = dict(entry.split("=", 1) for entry in arguments.python)
    os.makedirs(arguments.output, exist_ok=True)
    seconds, facts = run(os.path.abspath(arguments.matrix), pythons, arguments.jobs, os.path.abspath(arguments.output))
    print(json.dumps({"seconds": seconds, "environments": facts}))


if __name__ == "__main__":
    main()
