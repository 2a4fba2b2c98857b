"""One column at a time: what the orchestrator encoded becomes values, and a column of a table."""

import json
import math
import struct

MISSING = 0xFFFFFFFF
GAP = 2
# What pandas takes for a missing value in a column of texts.
NO_TEXT = frozenset(
    (
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "None",
        "n/a",
        "nan",
        "null",
    )
)


# Types of numbers that a column may have in a DataFrame, whatever an array of all columns holds.
NUMBERS = frozenset("int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32".split())


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


def truths_from(payload):
    """One byte a value, 2 for none."""
    return [math.nan if byte == GAP else bool(byte) for byte in bytearray(payload)]


def column_values(column, payload):
    """One encoded column as a list or an array."""
    import numpy

    part = payload[column["offset"] : column["offset"] + column["length"]]
    if column["dtype"] == "text":
        return texts_from(part)
    if column["dtype"] == "truths":
        return truths_from(part)
    if column["dtype"] == "pandas":
        return [revived(item) for item in json.loads(part.decode("utf-8"))]
    if column["dtype"] == "bool":
        return numpy.frombuffer(part, dtype=numpy.uint8).astype(bool)
    little = numpy.dtype(column["dtype"]).newbyteorder("<")
    return numpy.frombuffer(part, dtype=little).astype(column["dtype"])


def revived(item):
    """A value as a package writes it down: what JSON has no word for is an object."""
    if not isinstance(item, dict) or "is" not in item:
        return item
    kind, value = item["is"], item.get("value")
    if kind == "None":
        return None
    if kind == "float":
        return float(value)
    if kind == "bytes":
        return bytes(bytearray.fromhex(value))
    if kind == "dict":
        return {key: revived(part) for key, part in value}
    if kind == "list":
        return [revived(part) for part in value]
    if kind == "date":
        import datetime

        return datetime.date(*value)
    import pandas

    if kind == "NA":
        return getattr(pandas, "NA", math.nan)
    if kind == "NaT":
        return pandas.NaT
    if kind == "Timestamp":
        return pandas.Timestamp(value)
    return pandas.Timedelta(value)


def truth(value):
    """What pandas reads a text as that is a truth, or none at all."""
    return value.lower() == "true" if value == value and value not in NO_TEXT else math.nan


def series_of(column, values):
    """A column of a DataFrame, of the type that was declared or that pandas would read."""
    read_as = column.get("read_as")
    if column["dtype"] == "pandas":
        return typed_series(column["spec"], values)
    if read_as in NUMBERS:
        return values.astype(read_as)
    if read_as == "bool":
        import numpy

        truths = [truth(value) for value in values]
        whole = all(isinstance(value, bool) for value in truths)
        return numpy.array(truths, dtype=bool if whole else object)
    if read_as == "object":
        return [math.nan if value in NO_TEXT else value for value in values]
    if column["dtype"] == "truths":
        import numpy

        return numpy.array(values, dtype=object)
    return values


def of_objects(values):
    """A flat array of objects, whatever they are."""
    import numpy

    array = numpy.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        array[index] = value
    return array


def typed_series(spec, values):
    """A column of one of pandas' own types."""
    import numpy
    import pandas

    dtype = spec["dtype"]
    if dtype == "category":
        kinds = [revived(item) for item in spec["categories"]]
        kinds = typed_series(spec["of"], kinds)
        codes = [-1 if code is None else code for code in values]
        return pandas.Series(
            pandas.Categorical.from_codes(codes, pandas.Index(kinds), ordered=spec["ordered"])
        )
    if dtype == "object":
        return pandas.Series(of_objects(values), dtype=object)
    if dtype.startswith("datetime64") or dtype.startswith("timedelta64"):
        plain, _, zone = dtype.partition(", ")
        unit = plain[plain.index("[") :].rstrip("]") + "]"
        counts = [numpy.iinfo("int64").min if value is None else value for value in values]
        moments = numpy.array(counts, dtype="int64").view(plain[: plain.index("[")] + unit)
        series = pandas.Series(moments)
        if zone:
            series = series.dt.tz_localize("UTC").dt.tz_convert(zone.rstrip("]"))
        return series
    if dtype.startswith("period"):
        return pandas.Series(pandas.PeriodIndex(values, dtype=dtype))
    if dtype[:1].isupper() or dtype in ("boolean", "string", "str"):
        try:
            gaps = [getattr(pandas, "NA", None) if value is None else value for value in values]
            if dtype == "str":
                gaps = [math.nan if value is None else value for value in values]
            return pandas.Series(pandas.array(gaps, dtype=dtype))
        except TypeError:
            # A type that this pandas does not know: texts as it has them.
            return pandas.Series(
                of_objects([math.nan if value is None else value for value in values])
            )
    return pandas.Series(numpy.array(values, dtype=dtype))
