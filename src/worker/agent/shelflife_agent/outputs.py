"""Outputs out: what an estimator gives becomes bytes that can be compared."""

import struct

from .facts import MAX_TEXT, cut


def tagged(value):
    """One element of an object, string or date array as tagged UTF-8."""
    import numpy

    if isinstance(value, (bool, numpy.bool_)):
        text = "t:%d" % bool(value)
    elif isinstance(value, (numpy.datetime64, numpy.timedelta64)):
        # Before the integers: numpy counts time spans among them.
        text = "d:" + str(value)
    elif isinstance(value, (int, numpy.integer)):
        text = "i:%d" % int(value)
    elif isinstance(value, (float, numpy.floating)):
        text = "f:%016x" % struct.unpack("<Q", struct.pack("<d", float(value)))[0]
    elif isinstance(value, str):
        text = "s:" + str(value)
    elif isinstance(value, bytes):
        text = "b:" + "".join("%02x" % byte for byte in value)
    elif value is None:
        text = "n:"
    else:
        text = "r:" + cut(repr(value), MAX_TEXT)
    data = text.encode("utf-8", "replace")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        # numpy hands out what a damaged file holds, also beyond the last code point.
        data = ascii(data).encode("ascii")
    return data


def encode_dense(array):
    """(encoding, bytes) of a dense array: little-endian, C order, narrow integers widened."""
    import numpy

    kind = array.dtype.kind
    if kind == "f":
        if array.dtype.itemsize == 8:
            return "f64", numpy.ascontiguousarray(array, dtype="<f8").tobytes()
        if array.dtype.itemsize <= 4:
            return "f32", numpy.ascontiguousarray(array, dtype="<f4").tobytes()
        return "f64", numpy.ascontiguousarray(array.astype("f8"), dtype="<f8").tobytes()
    if kind == "i":
        return "i64", numpy.ascontiguousarray(array, dtype="<i8").tobytes()
    if kind == "u":
        return "u64", numpy.ascontiguousarray(array, dtype="<u8").tobytes()
    if kind == "b":
        return "bool", numpy.ascontiguousarray(array, dtype="u1").tobytes()
    if kind in "USOMm":
        # `tolist` would turn dates into integers; iterating keeps numpy's scalars.
        elements = array.ravel() if kind in "Mm" else array.ravel().tolist()
        parts = []
        known = {}
        for element in elements:
            # Labels repeat; only texts are looked up, since 1, 1.0 and True are one key.
            part = known.get(element) if type(element) is str else None
            if part is None:
                text = tagged(element)
                part = struct.pack("<I", len(text)) + text
                if type(element) is str:
                    known[element] = part
            parts.append(part)
        return "text", b"".join(parts)
    raise TypeError("shelflife cannot compare an output of dtype %s" % array.dtype)


def encode_sparse(matrix):
    """Bytes of a sparse matrix as compressed sparse rows with sorted indices and summed
    duplicates."""
    import numpy

    rows = matrix.tocsr().copy()
    rows.sum_duplicates()
    rows.sort_indices()
    head = struct.pack("<QQQ", rows.shape[0], rows.shape[1], rows.nnz)
    return head + b"".join(
        numpy.ascontiguousarray(part, dtype=dtype).tobytes()
        for part, dtype in ((rows.indptr, "<i8"), (rows.indices, "<i8"), (rows.data, "<f8"))
    )


def encode_output(name, value, labels):
    """Facts and bytes of one output. `labels` says that the estimator predicts classes or
    clusters."""
    import numpy

    if hasattr(value, "tocsr"):
        facts = {"encoding": "csr", "kind": "continuous", "dtype": str(value.dtype)}
        facts["shape"] = [int(size) for size in value.shape]
        return [(name, facts, encode_sparse(value))]
    if isinstance(value, list) and value and all(hasattr(part, "dtype") for part in value):
        encoded = []
        for index, part in enumerate(value):
            encoded.extend(encode_output("%s[%d]" % (name, index), part, labels))
        return encoded
    array = numpy.asarray(value)
    if not array.shape and array.dtype.kind == "O" and hasattr(value, "__dlpack__"):
        # An array of another library that numpy takes for a single object.
        array = numpy.from_dlpack(value)
    if array.dtype.kind == "c":
        real = encode_output(name + ".real", array.real, labels)
        return real + encode_output(name + ".imag", array.imag, labels)
    encoding, data = encode_dense(array)
    base = name.split("[")[0]
    is_label = base in ("predict", "labels_", "classes_") and (
        labels or array.dtype.kind in "iubUSO"
    )
    facts = {
        "encoding": encoding,
        "kind": "label" if is_label or base == "classes_" else "continuous",
        "dtype": str(array.dtype.newbyteorder("=")),
        "shape": [int(size) for size in array.shape],
    }
    return [(name, facts, data)]
