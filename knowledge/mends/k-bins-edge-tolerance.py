"""Up to scikit-learn 1.0 KBinsDiscretizer adds `1e-8 + 1e-5 * |x|` to each value before it looks
for its bin, so that a value just below an edge is in the bin above it. Since 1.1 it does not. The
sum grows with the value, so that there is one value from which on the old release is past an edge:
as an edge of its own it gives the same bins. The centres that inverse_transform gives are off by as
little; a class that travels beside the file has both."""


def past_old_edge(value):
    """What releases up to 1.0 compare with the edges."""
    return value + (1e-8 + 1e-5 * abs(value))


def first_past_old_edge(edge):
    """The smallest number that releases up to 1.0 take for at least the edge."""
    import numpy

    low, high = edge - (1e-7 + 2e-5 * abs(edge)), edge
    while True:
        middle = low + (high - low) / 2
        if not low < middle < high:
            break
        low, high = (low, middle) if past_old_edge(middle) >= edge else (middle, high)
    # The two are neighbours now.
    return numpy.float64(low if past_old_edge(low) >= edge else high)


def move_inner_edges(it, move, why):
    """Each inner edge at another place; the outer ones bound nothing."""
    import numpy

    edges = it.get("bin_edges_")
    if edges is None:
        return
    columns = numpy.empty(len(edges), dtype=object)
    for index, column in enumerate(edges):
        columns[index] = numpy.array(column, dtype=numpy.float64)
        for at in range(1, len(column) - 1):
            columns[index][at] = move(float(column[at]))
    it.set("bin_edges_", columns, why)


@mend(
    "sklearn", "KBinsDiscretizer", written="<1.1", read=">=1.1", exactness="predict-only", late=True
)
def edges_of_what_was_added(it):
    if it.kind == "KBinsDiscretizer" and it.may_have("rescued_bins"):
        it.become(it.companion("rescued_bins", "TolerantKBinsDiscretizer"), "its tolerance")
        return
    move_inner_edges(it, first_past_old_edge, "inner edges where the old release is past them")


@mend(
    "sklearn", "KBinsDiscretizer", written=">=1.1", read="<1.1", exactness="predict-only", late=True
)
def edges_of_what_will_be_added(it):
    move_inner_edges(it, past_old_edge, "inner edges that it is past at the same values")
