#!/usr/bin/env python
"""Put a fitted scikit-learn model into a package that shelflife can check later, in the environment that trained it.

Standard library and what the model needs anyway; Python 3.6 and later. shelflife need not be installed.

    python shelflife_pack.py model.joblib --inputs X.csv --output models --name churn --version 3

or, from a training script:

    from shelflife_pack import pack
    pack(estimator, X, "models", name="churn", version="3")

writes three files, in models/ or, with a version, in models/churn/3/ (then models/churn/latest points at it):

    churn_model.joblib       the model, as it was saved
    churn_metadata.json      versions, every installed package, feature names, the SHA-256 of the model's file
    churn_validation.json    rows of inputs, and what every output of the model gives for them

Loading a model runs its author's code: pack models that you trust.
"""
from __future__ import print_function

import argparse
import csv
import datetime
import hashlib
import json
import math
import os
import platform
import shutil
import sys
import tempfile

OUTPUTS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
MAX_ROWS = 200


def plain(value):
    """A value as JSON holds it: floats keep every bit, NaN and infinities become texts."""
    if hasattr(value, "tocsr"):
        value = value.toarray()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def versions():
    """Every installed distribution with its version."""
    try:
        from importlib import metadata

        found = ((item.metadata["Name"], item.version) for item in metadata.distributions())
    except ImportError:
        import pkg_resources

        found = ((item.project_name, item.version) for item in pkg_resources.working_set)
    return {name.lower().replace("_", "-").replace(".", "-"): version for name, version in found if name}


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as source:
        for part in iter(lambda: source.read(1 << 20), b""):
            sha.update(part)
    return sha.hexdigest()


def read_inputs(path, drop=()):
    """Rows of a .csv or .npy: a DataFrame where pandas is there, else an array or a list of texts."""
    import numpy

    if path.endswith(".npy"):
        return numpy.load(path, allow_pickle=False)
    try:
        import pandas

        return pandas.read_csv(path).drop(columns=list(drop))
    except ImportError:
        pass
    with open(path, newline="") as lines:
        rows = list(csv.reader(lines))
    kept = [index for index, name in enumerate(rows[0]) if name not in drop]
    values = [[row[index] for index in kept] for row in rows[1:] if row]
    try:
        return numpy.array(values, dtype=float)
    except ValueError:
        return [row[0] for row in values] if len(kept) == 1 else numpy.array(values, dtype=object)


def wanted_names(estimator):
    try:
        names = getattr(estimator, "feature_names_in_", None)
    except Exception:
        return None
    return None if names is None else [str(name) for name in names]


def fitting(estimator, inputs):
    """Inputs in the form that the estimator was fitted on: with names only where it knows names."""
    if not hasattr(inputs, "columns"):
        return inputs
    names = wanted_names(estimator)
    if names is not None:
        return inputs[names]
    if len(inputs.columns) == 1 and inputs.dtypes.iloc[0].kind == "O":
        return inputs.iloc[:, 0].tolist()
    try:
        is_mixed = any(dtype.kind == "O" for dtype in inputs.dtypes)
    except Exception:
        is_mixed = True
    return inputs if is_mixed else inputs.values


def outputs_of(estimator, inputs):
    """What every output of the estimator gives."""
    import numpy

    found, failures = {}, {}
    for name in OUTPUTS:
        try:
            method = getattr(estimator, name)
        except AttributeError:
            continue
        try:
            value = method(inputs)
        except Exception as error:
            failures[name] = "%s: %s" % (type(error).__name__, error)
            continue
        # Several outputs in a list are several arrays; a package keeps what is one array.
        if not isinstance(value, list):
            found[name] = plain(value if hasattr(value, "tocsr") else numpy.asarray(value))
    if not found:
        raise SystemExit("shelflife_pack: the model gives no output for these inputs: %s" % (failures or "it has none"))
    return found


def write_json(path, value):
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", suffix=".tmp")
    with os.fdopen(handle, "w") as target:
        json.dump(value, target, indent=1, sort_keys=True)
        target.write("\n")
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def pack(model, inputs, output, name="model", version=None):
    """Write the package of a fitted model (or of the path of a saved one); returns the path of the model in it."""
    import joblib
    import numpy
    import sklearn

    if isinstance(model, str):
        estimator = joblib.load(model)
        extension = os.path.splitext(model)[1] or ".joblib"
    else:
        estimator, extension = model, ".joblib"
    if len(inputs) > MAX_ROWS:
        print("shelflife_pack: the first %d of %d rows are kept" % (MAX_ROWS, len(inputs)), file=sys.stderr)
        inputs = inputs[:MAX_ROWS]
    rows = fitting(estimator, inputs)
    expected = outputs_of(estimator, rows)
    names = [str(column) for column in rows.columns] if hasattr(rows, "columns") else wanted_names(estimator)
    folder = os.path.join(output, name, version) if version else output
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, name + "_model" + extension)
    if isinstance(model, str):
        if os.path.abspath(model) != os.path.abspath(target):
            shutil.copyfile(model, target)
    else:
        joblib.dump(estimator, target)
    packages = versions()
    values = plain(rows.values if hasattr(rows, "columns") else numpy.asarray(rows, dtype=getattr(rows, "dtype", None)))
    write_json(
        os.path.join(folder, name + "_metadata.json"),
        {
            "model_type": type(estimator).__module__ + "." + type(estimator).__name__,
            "created": datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "python_version": platform.python_version(),
            "sklearn_version": sklearn.__version__,
            "numpy_version": numpy.__version__,
            "joblib_version": joblib.__version__,
            "platform": platform.machine(),
            "n_features": len(names) if names else (len(values[0]) if isinstance(values[0], list) else 1),
            "feature_names": names,
            "sha256": digest(target),
            "packages": packages,
        },
    )
    write_json(
        os.path.join(folder, name + "_validation.json"),
        {"feature_names": names, "inputs": values, "expected_outputs": expected},
    )
    if version:
        link = os.path.join(output, name, "latest")
        if os.path.islink(link) or not os.path.exists(link):
            temporary = link + ".tmp"
            if os.path.islink(temporary):
                os.remove(temporary)
            os.symlink(version, temporary)
            os.replace(temporary, link)
    return target


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", help="the saved model")
    parser.add_argument("--inputs", required=True, help="rows to validate with: .csv with a header line, or .npy")
    parser.add_argument("--output", "-o", default="models", help="folder of packages")
    parser.add_argument("--name", help="name of the model; by default that of its file")
    parser.add_argument("--version", help="version, for a registry NAME/VERSION/")
    parser.add_argument("--drop", default="", help="columns that are no inputs, separated by commas")
    args = parser.parse_args()
    name = args.name or os.path.splitext(os.path.basename(args.model))[0]
    if name.endswith("_model"):
        name = name[: -len("_model")]
    inputs = read_inputs(args.inputs, [column for column in args.drop.split(",") if column])
    print(pack(args.model, inputs, args.output, name, args.version))


if __name__ == "__main__":
    main()
