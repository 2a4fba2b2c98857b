"""What `measure.py` does within an environment: fit and save, observe, mend. Python 3.6 syntax;
each model in a fork of its own, so that none can harm another or see what it did.

worker.py train|observe|mend|carry ORDER.json ...: one after another, each in its own processes."""

import json
import os
import pickle
import signal
import sys
import traceback
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
LIMIT = 90
METHODS = (
    "predict",
    "predict_proba",
    "decision_function",
    "transform",
    "score_samples",
    "predict_log_proba",
    "inverse_transform",
    "apply",
    "kneighbors",
    "predict_std",
)
ATTRIBUTES = ("labels_", "embedding_", "classes_", "probabilities_")


def features(held):
    """Rows as an array: of floats, of whole numbers, or of anything."""
    import numpy as np

    rows, kind = held["rows"], held["kind"]
    if kind == "text":
        return [row[0] for row in rows]
    if kind == "object":
        made = np.empty((len(rows), len(rows[0])), dtype=object)
        for index, row in enumerate(rows):
            made[index, :] = [float("nan") if value is None else value for value in row]
        return made
    rows = [[float("nan") if value is None else value for value in row] for row in rows]
    return np.array(rows, dtype=kind)


def target(values):
    import numpy as np

    return None if values is None else np.array(values)


def train_one(model, order):
    from shelflife_agent.estimators import seed_everything
    from shelflife_agent.training import build

    data = order["datasets"][model["dataset"]]
    seed_everything(0)
    X, y = features(data["train"]), target(data["target"])
    estimator, train = build(model["source"])
    fitted = train(X, y) if train else estimator.fit(*([X] if y is None else [X, y]))
    write(fitted, os.path.join(order["models"], model["file"]), model)
    if model.get("as"):
        # What its writer reads back is what was written before it was worn.
        write(fitted, os.path.join(order["models"], model["plain"]), {})
    return {"ok": True}


def write(fitted, path, model):
    """As a file that is asked for: `format` and `as` say how, else its ending."""
    how = model.get("format") or ("joblib" if path.endswith(".joblib") else "pickle")
    if how == "joblib":
        import joblib

        joblib.dump(fitted, path, compress=model.get("compress", 0))
        return
    if how == "externals":
        from sklearn.externals import joblib

        joblib.dump(fitted, path)
        return
    protocol = 5 if how == "pickle-5" else model.get("protocol", 4)
    with open(path, "wb") as stream:
        if model.get("as"):
            import worn

            stream.write(worn.dumped(fitted, model["as"], protocol))
        else:
            pickle.dump(fitted, stream, protocol=protocol)


def plain(value):
    import numpy as np

    if hasattr(value, "toarray"):
        value = value.toarray()
    if isinstance(value, (tuple, list)) and value and hasattr(value[0], "shape"):
        return np.concatenate(
            [plain(part).reshape(len(part), -1).astype("f8") for part in value], 1
        )
    value = np.asarray(value)
    if value.dtype.kind in "OSU":
        return np.array([repr(item) for item in value.ravel().tolist()], dtype="U").reshape(
            value.shape
        )
    return value


def ask(estimator, name, X):
    if name == "predict_std":
        return estimator.predict(X, return_std=True)[1]
    if name == "inverse_transform":
        return estimator.inverse_transform(estimator.transform(X))
    if name == "kneighbors":
        # Of neighbours that are equally far any may be named.
        return estimator.kneighbors(X)[0]
    return getattr(estimator, name)(X)


def offered(estimator, name):
    if name == "predict_std":
        import inspect

        return (
            hasattr(estimator, "predict")
            and "return_std" in inspect.signature(estimator.predict).parameters
        )
    return hasattr(estimator, name)


def observe_one(model, order):
    import numpy as np

    sys.path.insert(0, order["companions"])
    path = os.path.join(order["models"], model["file"])
    X = features(order["datasets"][model["dataset"]]["held"])
    from shelflife_agent.estimators import seed_everything

    def loaded():
        seed_everything(0)
        if order.get("tool"):
            import tools

            return tools.loaded(order["tool"], path)
        if model.get("format") == "externals":
            try:
                from sklearn.externals import joblib

                return joblib.load(path)
            except ImportError:
                pass
        return read(path)

    outputs, errors = {}, {}
    estimator = loaded()
    for name in METHODS:
        try:
            if offered(estimator, name):
                estimator = loaded()
                outputs[name] = plain(ask(estimator, name, X))
        except Exception as error:
            errors[name] = "%s: %s" % (type(error).__name__, str(error)[:300])
    for name in ATTRIBUTES:
        try:
            if hasattr(estimator, name):
                outputs[name] = plain(getattr(estimator, name))
        except Exception as error:
            errors[name] = "%s: %s" % (type(error).__name__, str(error)[:300])
    np.savez(os.path.join(order["outputs"], model["name"] + ".npz"), **outputs)
    return {"ok": True, "errors": errors, "type": type(estimator).__name__}


def carry_one(model, order):
    """Write a model again as another tool does."""
    import tools

    path = os.path.join(order["models"], model["file"])
    tools.clear(path)
    tools.carried(order["tool"], read(path), path)
    return {"ok": True}


def read(path):
    if path.endswith(".joblib"):
        import joblib

        return joblib.load(path)
    with open(path, "rb") as stream:
        return pickle.load(stream)


def mend_one(model, order):
    from shelflife_agent.mending import mend_file

    task = {
        "artifact": os.path.join(order["models"], model["file"]),
        "output": os.path.join(order["mended"], model["file"]),
        "versions": model.get("versions", order.get("versions")),
        "mends": order["mends"],
        "companions": order["companions"] if model.get("may_have_companions", True) else [],
    }
    if os.path.exists(task["output"]):
        os.unlink(task["output"])
    return dict(mend_file(task), ok=True, versions=task["versions"])


def script_one(model, order):
    """Mend by a script that stands alone, as anybody would run it."""
    path = os.path.join(order["scripts"], model["name"] + ".py")
    output = os.path.join(order["mended"], model["file"])
    if os.path.exists(output):
        os.unlink(output)
    sys.path[:] = [one for one in sys.path if not one.endswith("src/worker/agent")]
    sys.argv = [path, os.path.join(order["models"], model["file"]), output]
    with open(path) as stream:
        exec(compile(stream.read(), path, "exec"), {"__name__": "__main__"})
    return {"ok": True}


def alone(function, model, order):
    """What a function gives in a fork, or how it ended."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        signal.alarm(LIMIT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answer = function(model, order)
            except BaseException as error:
                answer = {
                    "ok": False,
                    "error": "%s: %s" % (type(error).__name__, str(error)[:400]),
                    "trace": traceback.format_exc()[-1500:],
                }
        with os.fdopen(write_end, "w") as stream:
            json.dump(answer, stream, default=repr)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        text = stream.read()
    status = os.waitpid(child, 0)[1]
    if not text:
        return {"ok": False, "error": "ended with status %d" % status}
    return json.loads(text)


def main():
    import numpy  # noqa: F401
    import sklearn.ensemble  # noqa: F401
    import sklearn.pipeline  # noqa: F401

    try:
        import joblib  # noqa: F401
    except ImportError:
        pass
    functions = {
        "train": train_one,
        "observe": observe_one,
        "mend": mend_one,
        "carry": carry_one,
        "script": script_one,
    }
    for what, path in zip(sys.argv[1::2], sys.argv[2::2]):
        with open(path) as stream:
            order = json.load(stream)
        if order.get("tool"):
            import tools

            tools.ready(order["tool"])
        answers = {m["name"]: alone(functions[what], m, order) for m in order["todo"]}
        with open(path + ".answer", "w") as stream:
            json.dump(answers, stream)


main()
