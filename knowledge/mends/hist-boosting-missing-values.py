"""In scikit-learn 0.22 the nodes of hist gradient boosting got a field for missing values.
Models of 0.21 refuse them; the reader takes them, so the field gets what fitting without missing
values gives it, the side with more samples."""


@mend("sklearn", "TreePredictor", read=">=0.22")
def hist_nodes_know_missing_values(it):
    import numpy

    nodes = it.get("nodes")
    if "missing_go_to_left" in nodes.dtype.names:
        return
    description = nodes.dtype.descr + [("missing_go_to_left", "u1")]
    made = numpy.zeros(nodes.shape, dtype=description)
    for name in nodes.dtype.names:
        made[name] = nodes[name]
    splits = numpy.flatnonzero(nodes["is_leaf"] == 0)
    left, right = nodes["left"][splits], nodes["right"][splits]
    made["missing_go_to_left"][splits] = nodes["count"][left] > nodes["count"][right]
    it.state["nodes"] = made
    it.said("nodes: missing values, which the writer refuses, go where more samples went")
