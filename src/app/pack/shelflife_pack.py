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
    return {
        name.lower().replace("_", "-").replace(".", "-"): version for name, version in found if name
    }


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as source:
        for part in iter(lambda: source.read(1 << 20), b""):
            sha.update(part)
    return sha.hexdigest()


class Unkept(Exception):
    """Something that a package cannot hold."""


def read_inputs(path, drop=()):
    """Rows of a .csv, .parquet or .npy: a DataFrame where pandas is there, else an array or a list of texts."""
    import numpy

    if path.endswith(".npy"):
        return numpy.load(path, allow_pickle=False)
    if path.endswith(".parquet"):
        try:
            import pandas

            return pandas.read_parquet(path).drop(columns=list(drop))
        except ImportError as reason:
            first = (str(reason).strip().splitlines() or [""])[0]
            raise SystemExit(
                "shelflife_pack: reading %s needs pandas and pyarrow in this environment: %s"
                % (path, first)
            ) from None
    try:
        import pandas

        # Every digit of a number counts; pandas' own fast way loses some.
        return pandas.read_csv(path, float_precision="round_trip").drop(columns=list(drop))
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


def attribute(estimator, name):
    """An attribute, or None where it is absent or raises."""
    try:
        return getattr(estimator, name, None)
    except Exception:
        return None


def wanted_names(estimator):
    """The column names that an estimator was fitted on, or None."""
    names = attribute(estimator, "feature_names_in_")
    if names is None:
        steps = attribute(estimator, "steps")
        return wanted_names(steps[0][-1]) if isinstance(steps, list) and steps else None
    try:
        return [str(name) for name in names]
    except TypeError:
        return None


def is_by_name(columns):
    if isinstance(columns, str) or callable(columns):
        return True
    if isinstance(columns, slice):
        return isinstance(columns.start, str) or isinstance(columns.stop, str)
    if isinstance(columns, (list, tuple)) or hasattr(columns, "tolist"):
        return any(isinstance(name, str) for name in columns)
    return False


def selects_by_name(estimator, depth=0):
    """Whether an estimator, or one inside of it, selects columns by name (ColumnTransformer, DataFrameMapper)."""
    for name, place in (("transformers", 2), ("features", 0)):
        chosen = attribute(estimator, name)
        if isinstance(chosen, (list, tuple)):
            choices = [
                item for item in chosen if isinstance(item, (list, tuple)) and len(item) > place
            ]
            if any(is_by_name(item[place]) for item in choices):
                return True
    if depth > 12:
        return False
    parts = []
    for name in ("steps", "transformer_list", "estimators"):
        pairs = attribute(estimator, name)
        if isinstance(pairs, (list, tuple)):
            parts += [
                pair[1] if isinstance(pair, tuple) and len(pair) > 1 else pair for pair in pairs
            ]
    for name in ("estimator", "base_estimator", "best_estimator_", "regressor_"):
        parts.append(attribute(estimator, name))
    return any(
        part is not None and not isinstance(part, str) and selects_by_name(part, depth + 1)
        for part in parts
    )


def in_its_columns(estimator, inputs):
    """A DataFrame with the columns that the estimator was fitted on, in its order."""
    names = wanted_names(estimator)
    if names is None:
        return inputs
    known = [str(name) for name in inputs.columns]
    if all(name in known for name in names):
        return inputs.iloc[:, [known.index(name) for name in names]]
    if len(names) == len(known) and not any(name in known for name in names):
        inputs = inputs.copy()
        inputs.columns = names
    return inputs


def forms(estimator, inputs):
    """The forms in which to try rows that were read from a file, the likeliest first: what shelflife's check does with
    the same file."""
    if not hasattr(inputs, "columns"):
        is_line = hasattr(inputs, "reshape") and inputs.ndim == 1
        return [inputs, inputs.reshape(-1, 1)] if is_line else [inputs]
    frame = in_its_columns(estimator, inputs)
    if wanted_names(estimator) is not None:
        return [frame]
    is_text = [getattr(dtype, "kind", "O") not in "biufc" for dtype in inputs.dtypes]
    if len(is_text) == 1 and is_text[0]:
        return [inputs.iloc[:, 0].tolist(), frame]
    is_mixed = any(is_text) or any(getattr(dtype, "kind", "O") == "b" for dtype in inputs.dtypes)
    if selects_by_name(estimator) or (is_mixed and attribute(estimator, "n_features_in_") is None):
        return [frame, inputs.values]
    if any(is_text):
        return [inputs.values, frame]
    try:
        return [inputs.values.astype("float64"), frame]
    except (TypeError, ValueError):
        # Numbers of pandas' own types, of which some are missing.
        return [frame, inputs.values]


def fitting(estimator, inputs):
    """Inputs in the first form of which the estimator makes something."""
    tried = forms(estimator, inputs)
    for form in tried:
        for name in OUTPUTS:
            try:
                getattr(estimator, name)(form)
            except Exception:
                continue
            return form
    return tried[0]


def item(value, where):
    """A value of a column or list of objects, as JSON; what JSON has no word for is an object."""
    if hasattr(value, "item") and type(value).__module__ == "numpy":
        value = value.item()
    if value is None:
        return {"is": "None"}
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"is": "float", "value": repr(value)}
    if isinstance(value, (bytes, bytearray)):
        return {"is": "bytes", "value": "".join("%02x" % byte for byte in bytearray(value))}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"is": "dict", "value": [[key, item(part, where)] for key, part in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"is": "list", "value": [item(part, where) for part in value]}
    kind = type(value).__name__
    if kind in ("NAType", "NaTType"):
        return {"is": kind[:-4]}
    if kind in ("Timestamp", "Timedelta"):
        return {"is": kind, "value": value.isoformat()}
    if type(value) is datetime.date:
        return {"is": "date", "value": [value.year, value.month, value.day]}
    raise Unkept("%s holds a %s, which a package cannot hold: convert it" % (where, kind))


def written(series, where):
    """How a column of a DataFrame is typed, and its values as JSON."""
    import numpy

    dtype = str(series.dtype)
    if dtype == "category":
        kinds, categories = written(series.cat.categories.to_series(), where)
        codes = [None if code < 0 else int(code) for code in series.cat.codes]
        return {
            "dtype": dtype,
            "of": kinds,
            "categories": categories,
            "ordered": bool(series.cat.ordered),
        }, codes
    if dtype.startswith(("datetime64", "timedelta64")):
        plain_times = series.dt.tz_convert("UTC").dt.tz_localize(None) if ", " in dtype else series
        counts = numpy.asarray(plain_times.values).view("int64").tolist()
        return {"dtype": dtype}, [
            None if count == numpy.iinfo("int64").min else count for count in counts
        ]
    if dtype.startswith("period"):
        return {"dtype": dtype}, [
            None if text == "NaT" else text for text in series.astype(str).tolist()
        ]
    if dtype == "object":
        return {"dtype": dtype}, [item(value, where) for value in series.tolist()]
    if (
        dtype in ("boolean", "str")
        or dtype.startswith(("Int", "UInt", "Float", "string"))
        and "[" not in dtype[:6]
    ):
        gaps = series.isna().tolist()
        values = [None if gap else item(value, where) for gap, value in zip(gaps, series.tolist())]
        return {"dtype": "string" if dtype.startswith("string") else dtype}, values
    if isinstance(series.dtype, numpy.dtype) and series.dtype.kind in "biuf":
        if dtype == "float64":
            return {"dtype": dtype}, plain(series.values)
        return {"dtype": dtype}, [item(value, where) for value in series.tolist()]
    raise Unkept("%s is of the type %s, which a package cannot hold: convert it" % (where, dtype))


def validation(inputs):
    """What a package says of its inputs: their form, and their rows, so that they are handed over the same again."""
    import numpy

    if hasattr(inputs, "columns"):
        columns, values = [], []
        for index, name in enumerate(inputs.columns):
            spec, column = written(inputs.iloc[:, index], "the column `%s`" % name)
            columns.append(dict(spec, name=str(name)))
            values.append(column)
        rows = [list(row) for row in zip(*values)]
        return {"form": "frame", "columns": columns, "inputs": rows}
    if isinstance(inputs, list):
        if all(type(value) is str for value in inputs):
            return {"form": "texts", "inputs": inputs}
        return {"form": "own", "inputs": [item(value, "the list of inputs") for value in inputs]}
    array = numpy.asarray(inputs)
    if array.ndim == 2 and array.dtype in (numpy.dtype("float64"), numpy.dtype("int64")):
        return {"form": "array", "inputs": plain(array)}
    flat = [item(value, "the array of inputs") for value in array.ravel().tolist()]
    return {
        "form": "own",
        "dtype": array.dtype.newbyteorder("=").str[1:]
        if array.dtype.kind == "U"
        else str(array.dtype),
        "shape": list(array.shape),
        "inputs": flat,
    }


def outputs_of(estimator, inputs):
    """What every output of the estimator gives."""
    import numpy

    found, dtypes, failures = {}, {}, {}
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
        if isinstance(value, list):
            continue
        if hasattr(value, "tocsr"):
            found[name] = plain(value)
            continue
        array = numpy.asarray(value)
        try:
            if array.dtype.kind == "O":
                flat = numpy.empty(array.shape, dtype=object)
                for place, element in numpy.ndenumerate(array):
                    flat[place] = item(element, name)
                found[name] = flat.tolist()
            else:
                found[name] = plain(array)
        except Unkept as reason:
            failures[name] = str(reason)
            continue
        dtypes[name] = str(array.dtype.newbyteorder("="))
    if not found:
        raise SystemExit(
            "shelflife_pack: the model gives no output for these inputs: %s"
            % (failures or "it has none")
        )
    return found, dtypes


def wide(rows):
    """How many values a row has."""
    shape = getattr(rows, "shape", (len(rows),))
    return int(shape[1]) if len(shape) > 1 else 1


def write_json(path, value):
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", suffix=".tmp")
    with os.fdopen(handle, "w") as target:
        json.dump(value, target, indent=1, sort_keys=True)
        target.write("\n")
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def pack(model, inputs, output, name="model", version=None, read=False):
    """Write the package of a fitted model (or of the path of a saved one); returns the path of the model in it. The
    inputs are handed over as they are, or, where they were `read` from a file, in the form that the model takes."""
    import joblib
    import numpy
    import sklearn

    if isinstance(model, str):
        estimator = joblib.load(model)
        extension = os.path.splitext(model)[1] or ".joblib"
    else:
        estimator, extension = model, ".joblib"
    if len(inputs) > MAX_ROWS:
        print(
            "shelflife_pack: the first %d of %d rows are kept" % (MAX_ROWS, len(inputs)),
            file=sys.stderr,
        )
        inputs = inputs[:MAX_ROWS]
    if hasattr(inputs, "toarray"):
        inputs = inputs.toarray()
    elif hasattr(inputs, "to_frame") and not hasattr(inputs, "columns"):
        inputs = inputs.tolist() if inputs.dtype.kind == "O" else inputs.values
    if read:
        rows = fitting(estimator, inputs)
    else:
        rows = in_its_columns(estimator, inputs) if hasattr(inputs, "columns") else inputs
    try:
        validated = validation(rows)
    except Unkept as reason:
        raise SystemExit("shelflife_pack: %s" % reason) from None
    expected, dtypes = outputs_of(estimator, rows)
    names = (
        [str(column) for column in rows.columns]
        if hasattr(rows, "columns")
        else wanted_names(estimator)
    )
    folder = os.path.join(output, name, version) if version else output
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, name + "_model" + extension)
    if isinstance(model, str):
        if os.path.abspath(model) != os.path.abspath(target):
            shutil.copyfile(model, target)
    else:
        joblib.dump(estimator, target)
    packages = versions()
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
            "n_features": len(names) if names else wide(rows),
            "feature_names": names,
            "sha256": digest(target),
            "packages": packages,
        },
    )
    write_json(
        os.path.join(folder, name + "_validation.json"),
        dict(validated, feature_names=names, expected_outputs=expected, expected_dtypes=dtypes),
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
    parser.add_argument(
        "--inputs", required=True, help="rows to validate with: .csv with a header line, .parquet, or .npy"
    )
    parser.add_argument("--output", "-o", default="models", help="folder of packages")
    parser.add_argument("--name", help="name of the model; by default that of its file")
    parser.add_argument("--version", help="version, for a registry NAME/VERSION/")
    parser.add_argument(
        "--drop", default="", help="columns that are no inputs, separated by commas"
    )
    args = parser.parse_args()
    name = args.name or os.path.splitext(os.path.basename(args.model))[0]
    if name.endswith("_model"):
        name = name[: -len("_model")]
    inputs = read_inputs(args.inputs, [column for column in args.drop.split(",") if column])
    print(pack(args.model, inputs, args.output, name, args.version, read=True))


if __name__ == "__main__":
    main()
