"""Datasets in: what the orchestrator encoded becomes what an estimator is given."""

import importlib
import json
import math
import random
import struct

from .errors import InputsDoNotFit
from .imports import is_there, missing

MISSING = 0xFFFFFFFF


def texts_from(payload):
    """Length-prefixed texts; a missing one becomes NaN, as pandas and scikit-learn's imputers have
    it."""
    values = []
    position = 0
    while position < len(payload):
        (length,) = struct.unpack_from("<I", payload, position)
        position += 4
        if length == MISSING:
            values.append(math.nan)
            continue
        values.append(payload[position : position + length].decode("utf-8"))
        position += length
    return values


def column_values(column, payload):
    """One encoded column as a list or an array."""
    import numpy

    part = payload[column["offset"] : column["offset"] + column["length"]]
    if column["dtype"] == "text":
        return texts_from(part)
    if column["dtype"] == "bool":
        return numpy.frombuffer(part, dtype=numpy.uint8).astype(bool)
    little = numpy.dtype(column["dtype"]).newbyteorder("<")
    return numpy.frombuffer(part, dtype=little).astype(column["dtype"])


def attribute(estimator, name):
    """An attribute, or None where it is absent or raises."""
    try:
        return getattr(estimator, name, None)
    except Exception:
        return None


def width_of(estimator):
    """How many columns an estimator was fitted on, where it says so."""
    for name in ("n_features_in_", "n_features_"):
        width = attribute(estimator, name)
        if isinstance(width, int) or hasattr(width, "__index__"):
            return int(width)
    steps = attribute(estimator, "steps")
    if isinstance(steps, list) and steps:
        return width_of(steps[0][-1])
    coefficients = attribute(estimator, "coef_")
    if getattr(coefficients, "ndim", 0):
        return int(coefficients.shape[-1])
    return None


def names_of(estimator):
    """The column names that an estimator was fitted on, or None."""
    names = attribute(estimator, "feature_names_in_")
    if names is None:
        steps = attribute(estimator, "steps")
        return names_of(steps[0][-1]) if isinstance(steps, list) and steps else None
    return [str(name) for name in names]


def has_pandas():
    try:
        importlib.import_module("pandas")
    except Exception:
        return False
    return True


class Dataset(object):
    """A dataset as the orchestrator encoded it. `features()` gives fresh objects at each call, so
    that nothing that an estimator does to its input can reach the next cell."""

    def __init__(self, path, arrays=None):
        # Module of the array API whose arrays are given; numpy's where None.
        self.arrays = arrays
        with open(path, "rb") as lines:
            data = lines.read()
        (length,) = struct.unpack_from("<Q", data, 0)
        self.header = json.loads(data[8 : 8 + length].decode("utf-8"))
        self.payload = data[8 + length :]
        # Columns that the model wants, in its order; all where None.
        self.chosen = None

    def suit(self, estimator):
        """Bring the inputs of a file from outside into the form that its model wants, or say why
        they do not fit."""
        header = self.header
        layout = header["layout"]
        wide, wanted = width_of(estimator), names_of(estimator)
        if layout == "synthetic":
            if wide is None:
                raise InputsDoNotFit(
                    "its number of columns is unknown, so inputs have to be provided"
                )
            # Python's own generator gives the same bits in every version.
            generator = random.Random(header["seed"])
            values = [4.0 * generator.random() - 2.0 for _ in range(header["rows"] * wide)]
            self.payload = struct.pack("<%dd" % len(values), *values)
            names = (
                wanted
                if wanted and len(wanted) == wide
                else ["x%d" % index for index in range(wide)]
            )
            columns = [{"name": name, "dtype": "float64"} for name in names]
            self.header = dict(header, layout="array", dtype="float64", columns=columns)
        elif layout in ("text", "none"):
            return
        known = [column["name"] for column in self.header["columns"]]
        if wanted and header.get("named", layout != "synthetic"):
            missing = [name for name in wanted if name not in known]
            if not missing:
                self.chosen = [known.index(name) for name in wanted]
            elif len(missing) < len(wanted) or len(known) != len(wanted):
                text = ", ".join(missing[:5]) + (
                    " and %d more" % (len(missing) - 5) if len(missing) > 5 else ""
                )
                raise InputsDoNotFit(
                    "the inputs are missing columns that the model was fitted on: %s" % text
                )
        if self.chosen is None and wide is not None and len(known) != wide:
            text = "the inputs have %d columns, but the model was fitted on %d" % (len(known), wide)
            raise InputsDoNotFit(text)
        if wanted and not self.header["dataframe"] and has_pandas():
            self.header = dict(self.header, dataframe=True)
            if self.chosen is None:
                self.header["columns"] = [
                    dict(column, name=name) for column, name in zip(self.header["columns"], wanted)
                ]

    def features(self):
        features = self.all_features()
        if self.chosen is None:
            return self.foreign(features)
        if hasattr(features, "iloc"):
            return features.iloc[:, self.chosen]
        return self.foreign(features[:, self.chosen])

    def foreign(self, values):
        """An array of numbers as one of the declared module's; everything else as it is."""
        if (
            self.arrays is None
            or getattr(getattr(values, "dtype", None), "kind", "O") not in "fiub"
        ):
            return values
        if not is_there(self.arrays):
            raise missing(self.arrays)
        return importlib.import_module(self.arrays).asarray(values)

    def all_features(self):
        import numpy

        header = self.header
        layout = header["layout"]
        if layout == "text":
            return column_values(header["columns"][0], self.payload)
        names = [column["name"] for column in header["columns"]]
        if layout == "array":
            count = header["rows"] * len(names)
            little = numpy.dtype(header["dtype"]).newbyteorder("<")
            matrix = numpy.frombuffer(self.payload, dtype=little, count=count)
            matrix = matrix.reshape(header["rows"], len(names)).astype(header["dtype"])
            if not header["dataframe"]:
                return matrix
            columns = [matrix[:, index] for index in range(len(names))]
        else:
            columns = [column_values(column, self.payload) for column in header["columns"]]
        if header["dataframe"]:
            import pandas

            return pandas.DataFrame(dict(zip(names, columns)), columns=names)
        table = numpy.empty((header["rows"], len(names)), dtype=object)
        for index, column in enumerate(columns):
            table[:, index] = column.tolist() if hasattr(column, "tolist") else column
        return table

    def target(self):
        import numpy

        target = self.header["target"]
        if target is None:
            return None
        values = column_values(target, self.payload)
        if target["dtype"] == "text":
            values = numpy.array(values, dtype=object if any(v != v for v in values) else None)
        if target["columns"] > 1:
            values = numpy.asarray(values).reshape(self.header["rows"], target["columns"])
        return self.foreign(values)
