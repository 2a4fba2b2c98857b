"""Pickles as other machines write them, made here: integers of 32 bit pointers, records without
their padding, numbers in the other byte order. Python 3.6 syntax."""

import copyreg
import io
import pickle


def dumped(model, machine, protocol):
    """A pickle of a model as one of the machines below would have written it."""
    target = io.BytesIO()
    pickler = pickle.Pickler(target, protocol=protocol)
    pickler.dispatch_table = copyreg.dispatch_table.copy()
    MACHINES[machine](pickler.dispatch_table)
    pickler.dump(model)
    return target.getvalue()


def with_small_pointers(is_padded):
    """32 bit: on ARM, records are padded to the width of a double, on x86 they are not."""

    def install(table):
        for kind in compiled_classes():
            table[kind] = lambda thing: narrowed(thing.__reduce__(), is_padded)
        for kind in classifiers():
            table[kind] = with_narrow_numbers

    return install


def classifiers():
    """Those that keep a number for the class of each sample."""
    import sklearn.neighbors

    return [sklearn.neighbors.KNeighborsClassifier, sklearn.neighbors.RadiusNeighborsClassifier]


def with_narrow_numbers(thing):
    function, arguments, state = thing.__reduce_ex__(2)[:3]
    return function, arguments, dict(state, _y=narrowed(state["_y"], False))


def compiled_classes():
    """The compiled classes of the library that keep integers as wide as a pointer."""
    import sklearn.neighbors
    from sklearn.tree._tree import Tree

    return [Tree, sklearn.neighbors.KDTree, sklearn.neighbors.BallTree]


def narrowed(value, is_padded):
    """What a reduction holds, with each integer of a pointer's width in four bytes."""
    import numpy

    if isinstance(value, tuple):
        return tuple(narrowed(part, is_padded) for part in value)
    if isinstance(value, dict):
        return {key: narrowed(part, is_padded) for key, part in value.items()}
    if type(value) is not numpy.ndarray:
        return value
    if value.dtype.names:
        return in_record(value, is_padded)
    return value.astype(numpy.int32) if value.dtype == numpy.intp else value


def in_record(value, is_padded):
    import numpy

    fields = [
        (name, "<i4" if value.dtype[name] == numpy.intp else value.dtype[name])
        for name in value.dtype.names
    ]
    made = numpy.zeros(value.shape, dtype=numpy.dtype(fields, align=is_padded))
    for name in value.dtype.names:
        made[name] = value[name]
    return made


def with_other_byte_order(table):
    import numpy

    def swapped(array):
        return array.astype(array.dtype.newbyteorder("S")).__reduce__()

    table[numpy.ndarray] = swapped


MACHINES = {
    "i386": with_small_pointers(False),
    "arm": with_small_pointers(True),
    "byte-order": with_other_byte_order,
}
