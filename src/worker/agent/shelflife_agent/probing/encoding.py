"""Rows as a dataset that every cell reads, in the layout of `src/dataset/encode.rs`."""

import json
import struct

MISSING = 0xFFFFFFFF


class Numbers(object):
    """Rows of numbers; columns with names where the model knows some."""

    def __init__(self, names, matrix):
        self.names = names
        self.matrix = matrix

    def __len__(self):
        return len(self.matrix)

    def joined(self, others):
        import numpy

        return Numbers(self.names, numpy.concatenate([self.matrix] + [it.matrix for it in others]))

    def encoded(self, form):
        import numpy

        payload = numpy.ascontiguousarray(self.matrix, dtype="<f8").tobytes()
        columns = [
            {"name": name, "dtype": "float64", "offset": 0, "length": len(payload)}
            for name in self.names
        ]
        return with_header(len(self), "array", form, columns, payload, "float64")


class Mixed(object):
    """Rows of several types: a list of values for each column, as it was encoded."""

    def __init__(self, described, columns):
        self.described = described
        self.columns = columns

    def __len__(self):
        return len(self.columns[0]) if self.columns else 0

    def joined(self, others):
        columns, described = [list(column) for column in self.columns], self.described
        for other in others:
            for column, more in zip(columns, other.columns):
                column.extend(more)
            described = [widest(*both) for both in zip(described, other.described)]
        return Mixed(described, columns)

    def encoded(self, form):
        payload, columns = bytearray(), []
        for described, values in zip(self.described, self.columns):
            payload.extend(b"\0" * (-len(payload) % 8))
            dtype, data = encoded_column(described, values)
            columns.append(dict(described, dtype=dtype, offset=len(payload), length=len(data)))
            payload.extend(data)
        return with_header(len(self), "table", form, columns, bytes(payload))


def widest(one, other):
    """Of two descriptions of a column the one that knows more categories: the first of them are the
    same."""
    known = [len(it.get("spec", {}).get("categories", ())) for it in (one, other)]
    return other if known[1] > known[0] else one


class Texts(object):
    """A list of texts."""

    def __init__(self, name, values):
        self.name = name
        self.values = values

    def __len__(self):
        return len(self.values)

    def joined(self, others):
        return Texts(self.name, self.values + [text for it in others for text in it.values])

    def encoded(self, form):
        data = texts(self.values)
        column = {"name": self.name, "dtype": "text", "offset": 0, "length": len(data)}
        return with_header(len(self), "text", form, [column], data)


def with_header(rows, layout, form, columns, payload, dtype=None):
    header = {
        "version": 2,
        "rows": rows,
        "layout": layout,
        "dataframe": False,
        "named": form == "frame",
        "columns": columns,
        "target": None,
    }
    if form is not None:
        header["form"] = form
    if dtype is not None:
        header["dtype"] = dtype
    head = json.dumps(header).encode("utf-8")
    return struct.pack("<Q", len(head)) + head + payload


def encoded_column(described, values):
    """The type and the bytes of a column; numbers are floats as soon as one is missing."""
    import numpy

    dtype = described["dtype"]
    if dtype == "text":
        return dtype, texts(values)
    if dtype == "pandas":
        return dtype, json.dumps(values).encode("utf-8")
    if dtype == "truths":
        return dtype, bytes(bytearray(2 if it != it else int(it) for it in values))
    if dtype == "bool":
        return dtype, bytes(bytearray(int(it) for it in values))
    numbers = numpy.array(values, dtype="float64")
    if dtype == "int64" and (numpy.floor(numbers) == numbers).all() and abs(numbers).max() < 2**62:
        return dtype, numpy.array(values, dtype="<i8").tobytes()
    if dtype == "float32":
        return dtype, numbers.astype("<f4").tobytes()
    return "float64", numbers.astype("<f8").tobytes()


def texts(values):
    parts = []
    for value in values:
        if not isinstance(value, str):
            parts.append(struct.pack("<I", MISSING))
            continue
        data = value.encode("utf-8", "replace")
        parts.append(struct.pack("<I", len(data)) + data)
    return b"".join(parts)
