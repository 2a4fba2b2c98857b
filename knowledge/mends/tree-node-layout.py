"""Tree nodes have the field missing_go_to_left since scikit-learn 1.3, and __setstate__ takes
only its own fields. Fields are carried by their names. Where the field is new, it gets what
fitting gives it when no value was missing: the side with more samples, so that the mended tree
is the one that the reader would have fitted. Where the field is lost, the tree must have been
fitted without missing values, which the field itself shows: the reader would refuse what the
model was made for."""


def fields_of_nodes(nodes, dtype, extra):
    import numpy

    made = numpy.zeros(nodes.shape, dtype=dtype)
    for field in dtype.names:
        if field in nodes.dtype.names:
            made[field] = nodes[field]
        elif field in extra:
            made[field] = extra[field]
    return made


def majority_goes_left(nodes):
    """For each split whether more samples go left; 0 for leaves."""
    import numpy

    left, right = nodes["left_child"], nodes["right_child"]
    splits = numpy.flatnonzero(left >= 0)
    counts = nodes["n_node_samples"]
    made = numpy.zeros(len(nodes), dtype="u1")
    made[splits] = counts[left[splits]] > counts[right[splits]]
    return made


@mend("sklearn", "Tree")
def carry_tree_fields(it):
    dtype = native("sklearn.tree._tree", "NODE_DTYPE")
    nodes = it.state["nodes"]
    new = [name for name in dtype.names if name not in nodes.dtype.names]
    lost = [name for name in nodes.dtype.names if name not in dtype.names]
    if not new and not lost:
        return
    if set(new + lost) != {"missing_go_to_left"}:
        it.refuse("unknown-fields", fields=new + lost)
    majority = majority_goes_left(nodes)
    if lost and nodes["missing_go_to_left"].any():
        if (nodes["missing_go_to_left"] != majority).any():
            it.refuse("fitted-on-missing-values")
    it.state["nodes"] = fields_of_nodes(nodes, dtype, {"missing_go_to_left": majority})
    if new:
        it.said(
            "nodes: field missing_go_to_left added; a missing value, which the writer refuses, goes"
            " where more samples went, as in trees that the reader fits"
        )
    else:
        it.said("nodes: field missing_go_to_left left out, which nothing was fitted with")
