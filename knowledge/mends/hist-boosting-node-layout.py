"""Nodes of hist gradient boosting have other fields and widths in other releases: num_threshold
was threshold before scikit-learn 0.24, is_categorical and bitset_idx are new there, feature_idx
has the width of pointers since 1.3.1. Fields are carried by their names; without categories the
new ones are zero. The same cast carries 32 bit to 64 and back."""


@mend("sklearn", "TreePredictor")
def carry_hist_nodes(it):
    import numpy

    place = "sklearn.ensemble._hist_gradient_boosting.common"
    dtype, nodes = native(place, "PREDICTOR_RECORD_DTYPE"), it.get("nodes")
    names = {}
    for name in nodes.dtype.names:
        known = {"threshold": "num_threshold", "num_threshold": "threshold"}
        names[name] = name if name in dtype.names else known.get(name, name)
    lost = [name for name in nodes.dtype.names if names[name] not in dtype.names]
    if "is_categorical" in lost and nodes["is_categorical"].any():
        it.refuse("no-equivalent", what="categorical columns")
    if nodes.dtype != dtype:
        made = numpy.zeros(nodes.shape, dtype=dtype)
        for name in nodes.dtype.names:
            if name not in lost:
                made[names[name]] = nodes[name]
        it.state["nodes"] = made
        it.said("nodes: fields and widths of the reader")
    if takes(type(it.owner), "binned_left_cat_bitsets"):
        for key in ("binned_left_cat_bitsets", "raw_left_cat_bitsets"):
            it.add(key, numpy.zeros((0, 8), dtype=numpy.uint32), "no categories")
