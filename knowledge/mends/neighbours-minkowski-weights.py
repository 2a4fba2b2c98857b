"""A MinkowskiDistance has weights for its features since scikit-learn 1.1; before, the same
place of its state holds a vector of one zero that means nothing, as it did for all metrics. What
a vector without weights looks like is what the reader's own metric says."""


def plain_vector(cls, power):
    """The vector of a metric of the reader that was made without weights."""
    return cls(power).__getstate__()[1]


@mend("sklearn", "MinkowskiDistance MinkowskiDistance64 MinkowskiDistance32")
def minkowski_vector(it):
    import numpy

    if type(it.state) is not tuple or len(it.state) < 2:
        return
    vector = numpy.asarray(it.state[1])
    means_nothing = vector.shape == (1,) and vector[0] == 0.0 or vector.shape == (0,)
    if not means_nothing:
        if it.read is not None and it.read < (1, 1, 0):
            it.refuse("no-equivalent", what="a Minkowski metric with weights")
        return
    plain = plain_vector(type(it.owner), it.state[0])
    if plain.shape != vector.shape:
        it.replace(it.state[:1] + (plain,) + it.state[2:], "no weights, as the reader writes it")
