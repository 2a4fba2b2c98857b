"""Datasets in: what the orchestrator encoded becomes what an estimator is given."""

import array
import importlib
import json
import random
import struct
import sys

from .columns import column_values, of_objects, revived, series_of
from .errors import InputsDoNotFit
from .forms import (
    ARRAY,
    CATEGORIES,
    FRAME,
    LINE,
    OWN,
    RECORDS,
    TEXTS,
    has_pandas,
    known_width,
    names_of,
    selects_by_name,
)
from .imports import is_there, missing
from .widths import widths_of

# Numbers that are made up at most: 64 megabytes.
MOST_SYNTHETIC = 1 << 23
# Columns that are named where some are missing.
MOST_NAMED = 5


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
        # Names that the model was fitted on, where the inputs have others or none.
        self.renamed = None
        # The form in which a model from outside is given it.
        self.form = None
        # How many columns are made up, with what tells that; None where they are given.
        self.width, self.width_from = None, None

    def forms(self, estimator):
        """The forms in which to try the inputs of a file from outside on its model, the likeliest
        first, and what is wrong with the inputs where the model refuses them all."""
        header = self.header
        layout = header["layout"]
        if layout == "none":
            return [None], None
        if header.get("form") is not None:
            return [header["form"]], None
        if layout == "list":
            return [OWN], None
        if layout == "synthetic":
            self.make_up(estimator)
        if self.header.get("shape") is not None:
            # One dimension, or three and more.
            return ([OWN, ARRAY] if len(self.header["shape"]) == 1 else [OWN]), self.width_trouble(
                estimator
            )
        wanted = names_of(estimator)
        trouble = self.choose(wanted) if wanted else None
        if trouble is not None and not (has_pandas() and selects_by_name(estimator)):
            # Other columns in their place may well give something. Whoever selects by name looks.
            raise InputsDoNotFit(trouble)
        return self.likeliest(estimator, wanted, trouble), trouble or self.width_trouble(estimator)

    def likeliest(self, estimator, wanted, trouble):
        """The forms of a table."""
        header = self.header
        one = len(header["columns"]) == 1 and self.chosen is None
        is_text = header["layout"] == "text"
        frame = [FRAME] if has_pandas() and (wanted or header.get("named", False)) else []
        if trouble is not None and frame:
            # Columns that stand elsewhere must not be taken for those that are missing.
            return frame
        # What pandas alone has a type for is nothing else.
        is_typed = any(column["dtype"] == "pandas" for column in header["columns"])
        if (wanted or header["dataframe"] or is_typed) and frame:
            return frame + self.with_categories()
        if is_text:
            forms = [TEXTS] + frame + [ARRAY]
        else:
            forms = [ARRAY] + frame + ([TEXTS] if one and self.is_text() else [])
        by_name = bool(frame) and selects_by_name(estimator)
        # What does not say how many columns it knows may have been fitted on a DataFrame.
        is_mixed = header["layout"] == "table" and known_width(estimator) is None
        if frame and (by_name or (is_mixed and not is_text)):
            forms = frame + [form for form in forms if form != FRAME]
        if header.get("named", False) and hasattr(estimator, "vocabulary_"):
            # DictVectorizer counts what dictionaries hold.
            forms = forms + [RECORDS]
        forms = forms + ([LINE] if one and not is_text else [])
        return forms + (self.with_categories() if frame else [])

    def with_categories(self):
        """The form of categories, where there are texts that can be some."""
        columns = self.header["columns"]
        texts = [column for column in columns if column.get("read_as") == "object"]
        return [CATEGORIES] if len(columns) > 1 and texts else []

    def is_text(self):
        return self.header["columns"][0]["dtype"] == "text"

    def take(self, form):
        """Hand the inputs over in this form."""
        if form in (FRAME, CATEGORIES) and not has_pandas():
            # Whoever was fitted on names takes an array of the same columns as well.
            if self.header["layout"] != "array":
                raise missing("pandas")
            form = ARRAY
        self.form = form

    def widths(self, estimator, told):
        """The numbers of columns to try, with what tells each: of inputs that are made up, and one
        that is none of those that are given."""
        if self.header["layout"] != "synthetic":
            return [(None, None)]
        if told is not None:
            return [(told, None)]
        found = widths_of(estimator)
        if not found:
            raise InputsDoNotFit(
                "its number of columns is unknown, so inputs have to be provided: give it --inputs"
            )
        return found

    def make_up(self, estimator):
        """Random numbers, as many columns as the model was fitted on."""
        header = self.header
        if self.width is None:
            self.width, self.width_from = self.widths(estimator, None)[0]
        wide, wanted = self.width, names_of(estimator)
        # A width of millions is one of counted words: few rows are made of it.
        rows = max(1, min(header["rows"], MOST_SYNTHETIC // wide))
        # Python's own generator gives the same bits in every version.
        generator = random.Random(header["seed"])
        values = array.array("d", (4.0 * generator.random() - 2.0 for _ in range(rows * wide)))
        if sys.byteorder == "big":
            values.byteswap()
        self.payload = values.tobytes()
        named = wanted and len(wanted) == wide
        names = wanted if named else ["x%d" % index for index in range(wide)]
        columns = [{"name": name, "dtype": "float64"} for name in names]
        self.header = dict(
            header, layout="array", dtype="float64", columns=columns, rows=rows, named=bool(named)
        )

    def choose(self, wanted):
        """Find the columns that the model was fitted on; what is missing of them is said."""
        known = [column["name"] for column in self.header["columns"]]
        places = {name: index for index, name in enumerate(known)}
        lacking = [name for name in wanted if name not in places]
        if not lacking:
            self.chosen = [places[name] for name in wanted]
            return None
        if len(lacking) == len(wanted) == len(known):
            # Other names, or none: the columns are taken for those of the model, in their order.
            self.renamed = wanted
            return None
        text = ", ".join(lacking[:MOST_NAMED])
        if len(lacking) > MOST_NAMED:
            text += " and %d more" % (len(lacking) - MOST_NAMED)
        return "the inputs are missing columns that the model was fitted on: %s" % text

    def width_trouble(self, estimator):
        """What is wrong with the number of columns, where the model says how many it knows."""
        wide = known_width(estimator)
        columns = self.header["columns"]
        if self.chosen is not None or wide is None or len(columns) == wide or not columns:
            return None
        return "the inputs have %d columns, but the model was fitted on %d" % (len(columns), wide)

    def features(self):
        form = self.form
        if form is None:
            form = FRAME if self.header["dataframe"] else None
        if self.header["layout"] == "list":
            return self.own_list()
        if self.header["layout"] == "text" and form in (None, TEXTS):
            return column_values(self.header["columns"][0], self.payload)
        if self.header.get("shape") is not None:
            values = self.matrix(self.header["shape"])
            return self.foreign(values.reshape(-1, 1) if form == ARRAY else values)
        if form == FRAME:
            return self.frame()
        if form == CATEGORIES:
            return self.frame(texts_as="category")
        if form == RECORDS:
            return self.records()
        values = self.table()
        if self.chosen is not None:
            values = values[:, self.chosen]
        if form == LINE:
            values = values.ravel()
        if form == TEXTS:
            return values.ravel().tolist()
        return self.foreign(values)

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

    def own_list(self):
        """A list as JSON holds it, or an array of a type that is none of the usual ones."""
        items = [revived(item) for item in json.loads(self.payload.decode("utf-8"))]
        if self.header.get("dtype") is None:
            return items
        import numpy

        kind = self.header["dtype"]
        values = of_objects(items) if kind == "object" else numpy.array(items, dtype=kind)
        return values.reshape(self.header["shape"])

    def matrix(self, shape):
        import numpy

        little = numpy.dtype(self.header["dtype"]).newbyteorder("<")
        count = 1
        for size in shape:
            count *= size
        values = numpy.frombuffer(self.payload, dtype=little, count=count)
        return values.reshape(shape).astype(self.header["dtype"])

    def columns(self):
        """The columns as they were encoded."""
        described = self.header["columns"]
        if self.header["layout"] == "array":
            matrix = self.matrix([self.header["rows"], len(described)])
            return [matrix[:, index] for index in range(len(described))]
        return [column_values(column, self.payload) for column in described]

    def frame(self, texts_as=None):
        """A DataFrame, each column as pandas would have read it, but for the type of texts where
        one is given."""
        import pandas

        described = self.header["columns"]
        places = range(len(described)) if self.chosen is None else self.chosen
        names = self.renamed or [column["name"] for column in described]
        if self.header["layout"] == "array" and not any("read_as" in it for it in described):
            matrix = self.matrix([self.header["rows"], len(described)])
            frame = pandas.DataFrame(matrix, columns=names)
            return frame if self.chosen is None else frame.iloc[:, self.chosen]
        columns = self.columns()
        series = {names[place]: series_of(described[place], columns[place]) for place in places}
        if texts_as is not None:
            for place in places:
                if described[place].get("read_as") == "object":
                    texts = pandas.Series(series[names[place]])
                    series[names[place]] = texts.astype(texts_as)
        return pandas.DataFrame(series, columns=[names[place] for place in places])

    def records(self):
        """A dictionary for each row, without what it misses."""
        described = self.header["columns"]
        columns = [
            column.tolist() if hasattr(column, "tolist") else column
            for column in (series_of(it, own) for it, own in zip(described, self.columns()))
        ]
        names = [column["name"] for column in described]
        return [
            {name: value for name, value in zip(names, row) if value == value}
            for row in zip(*columns)
        ]

    def table(self):
        """An array: of numbers, or of objects where the columns are of several types."""
        import numpy

        described = self.header["columns"]
        if self.header["layout"] == "array":
            return self.matrix([self.header["rows"], len(described)])
        table = numpy.empty((self.header["rows"], len(described)), dtype=object)
        for index, column in enumerate(self.columns()):
            if self.form is not None and described[index].get("read_as") == "bool":
                column = series_of(described[index], column)
            table[:, index] = column.tolist() if hasattr(column, "tolist") else of_objects(column)
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
