"""quantile-forest 1.3.8 keeps bounds of the leaves, which bind only under monotonic constraints:
there were none before, so they are infinite. What 1.2 wrote has other targets, and is refused."""


@called("quantile_forest._quantile_forest_fast", "QuantileForest", read=">=1.3.8", always=True)
def forest_without_bounds(targets, leaves, *more, **named):
    import numpy

    cls = native("quantile_forest._quantile_forest_fast", "QuantileForest")
    if targets.ndim != 2 or len(more) > 1 or named:
        return cls(targets, leaves, *more, **named)
    bounds = numpy.full(leaves.shape[:2] + (2,), [-numpy.inf, numpy.inf])
    return cls(targets, leaves, bounds, *more)
