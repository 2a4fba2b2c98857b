"""KD trees and ball trees hold indices in integers of the machine's pointer width, and nodes as
records of them with the machine's padding. They are cast by their fields; a value that does not fit
cannot occur, since it counts samples in memory. So are the classes that classifiers keep for each
sample, as numbers, which RadiusNeighborsClassifier counts by a function that takes none wider."""


def node_record():
    import numpy

    index = numpy.dtype(numpy.intp)
    fields = [("idx_start", index), ("idx_end", index), ("is_leaf", index), ("radius", "f8")]
    return numpy.dtype(fields, align=True)


@mend("sklearn", "KDTree BallTree KDTree64 BallTree64 KDTree32 BallTree32 BinaryTree BinaryTree64")
def neighbours_of_this_width(it):
    import numpy

    if type(it.state) is not tuple:
        return
    made, is_new = [], False
    for part in it.state:
        dtype = getattr(part, "dtype", None)
        wanted = dtype
        if dtype is not None and dtype.names == ("idx_start", "idx_end", "is_leaf", "radius"):
            wanted = node_record()
        elif dtype is not None and getattr(part, "shape", ()) and dtype.kind == "i":
            wanted = numpy.dtype(numpy.intp)
        elif dtype is not None and not dtype.isnative:
            wanted = dtype.newbyteorder("=")
        if wanted != dtype:
            part, is_new = numpy.ascontiguousarray(part.astype(wanted)), True
        made.append(part)
    if is_new:
        it.replace(tuple(made), "indices and nodes of this machine's width and byte order")


@mend("sklearn", "KNeighborsClassifier RadiusNeighborsClassifier")
def numbered_classes_of_this_width(it):
    import numpy

    numbers = it.get("_y")
    dtype = getattr(numbers, "dtype", None)
    if dtype is not None and dtype.kind == "i" and dtype.itemsize != numpy.dtype(int).itemsize:
        it.set("_y", numbers.astype(int), "integers of this machine's width")
