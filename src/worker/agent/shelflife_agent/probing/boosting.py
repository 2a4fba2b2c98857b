"""Parts with `_predictors`: boosting over histograms."""

from .nodes import Nodes
from .walking import Part, parts_with

# Codes that a bit set has room for.
CODES = 256


class Encoded(object):
    """What the part itself does to its rows since scikit-learn 1.4, where some columns are
    categories: these go to the front, and become codes."""

    def __init__(self, preprocessor, is_category):
        import numpy

        self.preprocessor = preprocessor
        self.categories = preprocessor.named_transformers_["encoder"].categories_
        self.places = numpy.concatenate([numpy.where(is_category)[0], numpy.where(~is_category)[0]])

    def transform(self, rows):
        return self.preprocessor.transform(rows)

    def inverse_transform(self, rows):
        import numpy

        turned = numpy.empty_like(rows)
        turned[:, self.places] = rows
        for place, known in zip(self.places, self.categories):
            codes = turned[:, place]
            is_code = (codes >= 0) & (codes < len(known))
            values = numpy.asarray(known, dtype="float64")
            chosen = values[numpy.where(is_code, codes, 0).astype("int64")]
            turned[:, place] = numpy.where(is_code, chosen, codes)
        return turned


def trees_of(model):
    """The trees of a model: (part, nodes)."""
    found = []
    for part in parts_with(model, "_predictors"):
        part, known = with_own_step(part)
        for stage in part.owner._predictors:
            for predictor in stage:
                found.append((part, nodes_of(predictor, known)))
    return found


def with_own_step(part):
    """The part with what it does to its rows itself in front, and the codes of each category."""
    held = part.owner.__dict__
    preprocessor, is_category = held.get("_preprocessor"), held.get("is_categorical_")
    if preprocessor is not None and is_category is not None and part.columns is None:
        step = Encoded(preprocessor, is_category)
        known = {
            place: [code for code, value in enumerate(values) if value == value]
            for place, values in enumerate(step.categories)
        }
        return Part(part.owner, part.before + (step,)), known
    mapper = held.get("_bin_mapper")
    known = {}
    if is_category is not None and hasattr(mapper, "bin_thresholds_"):
        for place, values in enumerate(mapper.bin_thresholds_):
            if is_category[place]:
                known[place] = [int(value) for value in values if value == value]
    return part, known


def nodes_of(predictor, known):
    """The tree of a predictor."""
    import numpy

    kinds = predictor.nodes
    names = kinds.dtype.names
    threshold = kinds["num_threshold" if "num_threshold" in names else "threshold"]
    is_leaf = kinds["is_leaf"].astype(bool)
    left = numpy.where(is_leaf, -1, kinds["left"].astype("int64"))
    right = numpy.where(is_leaf, -1, kinds["right"].astype("int64"))
    feature = kinds["feature_idx"].astype("int64")
    categories = {}
    if "is_categorical" in names:
        for node in numpy.where(kinds["is_categorical"].astype(bool) & ~is_leaf)[0].tolist():
            bits = predictor.raw_left_cat_bitsets[int(kinds["bitset_idx"][node])]
            categories[node] = frozenset(code for code in range(CODES) if has_bit(bits, code))
    return Nodes(
        left,
        right,
        feature,
        threshold.astype("float64"),
        narrow=False,
        missing=kinds["missing_go_to_left"].astype(bool) if "missing_go_to_left" in names else None,
        categories=categories,
        known=known,
    )


def has_bit(bits, code):
    return bool((int(bits[code // 32]) >> (code % 32)) & 1)
