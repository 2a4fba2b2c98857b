"""The integers of tree nodes, and the numbers of classes that a tree is made with, have the width
of the machine's pointers. They are cast; a value that does not fit cannot occur, since it counts
nodes or samples in memory. Byte order is that of the reader as well."""


@called("sklearn.tree._tree", "Tree", always=True)
def tree_of_this_width(features, classes, outputs):
    import numpy

    tree = native("sklearn.tree._tree", "Tree")
    return tree(features, numpy.ascontiguousarray(classes, dtype=numpy.intp), outputs)


@mend("sklearn", "Tree", late=True)
def widen_tree_nodes(it):
    dtype = native("sklearn.tree._tree", "NODE_DTYPE")
    nodes = it.state["nodes"]
    if nodes.dtype != dtype and nodes.dtype.names == dtype.names:
        it.state["nodes"] = nodes.astype(dtype)
        it.said("nodes: integers of this machine's width and byte order")
    values = it.state["values"]
    if not values.dtype.isnative:
        it.state["values"] = values.astype(values.dtype.newbyteorder("="))
