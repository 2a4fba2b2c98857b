"""Parts with `_predictors`: boosting over histograms."""

from .nodes import Nodes
from .walking import parts_with


def trees_of(model):
    """The trees of a model: (part, nodes). A tree that splits categories has no thresholds there,
    and is left out."""
    import numpy

    found = []
    for part in parts_with(model, "_predictors"):
        for stage in part.owner._predictors:
            for predictor in stage:
                kinds = predictor.nodes
                names = kinds.dtype.names
                if "is_categorical" in names and kinds["is_categorical"].any():
                    continue
                threshold = kinds["num_threshold" if "num_threshold" in names else "threshold"]
                is_leaf = kinds["is_leaf"].astype(bool)
                left = numpy.where(is_leaf, -1, kinds["left"].astype("int64"))
                right = numpy.where(is_leaf, -1, kinds["right"].astype("int64"))
                feature = kinds["feature_idx"].astype("int64")
                found.append(
                    (part, Nodes(left, right, feature, threshold.astype("float64"), narrow=False))
                )
    return found
