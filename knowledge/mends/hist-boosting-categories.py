"""Hist gradient boosting of scikit-learn 0.24 and later knows categories, and its bin mapper keeps
what is known of them. Files of earlier releases have none."""


@mend("sklearn", "_BinMapper")
def bins_without_categories(it):
    import numpy

    if it.read is None or it.read < (0, 24, 0):
        return
    count = len(it.get("bin_thresholds_", it.get("n_bins_non_missing_", ())))
    it.add("is_categorical", None)
    it.add("known_categories", None)
    it.add("is_categorical_", numpy.zeros(count, dtype=numpy.uint8))
    if it.has("n_bins"):
        it.add("missing_values_bin_idx_", it.get("n_bins") - 1)


@mend("sklearn", "BaseHistGradientBoosting", read=">=0.24")
def hist_without_categories(it):
    it.add("is_categorical_", None)


@mend("sklearn", "BaseHistGradientBoosting", written=">=1.4", read="<1.4", late=True)
def hist_categories_in_place(it):
    """1.4 moves the columns of categories to the front and encodes them; older readers take columns
    where they stand and whole numbers below 255 as they come. The trees are written for that."""
    import numpy

    mask, prepared = it.get("is_categorical_"), it.get("_preprocessor")
    if mask is not None and numpy.any(mask) and prepared is not None:
        categories = categories_as_numbers(it, prepared)
        order = numpy.concatenate([numpy.flatnonzero(mask), numpy.flatnonzero(~mask)])
        for stage in it.get("_predictors"):
            for predictor in stage:
                predictor_in_place(predictor, order, categories)
        bins_in_place(it.get("_bin_mapper"), order, mask, categories)
        it.said("_predictors: columns in place, categories as they come")
    it.drop("_preprocessor", "columns and categories are taken as they come")
    it.drop("_is_categorical_remapped", "columns stand in place")


def categories_as_numbers(it, prepared):
    """The categories of each column of them, as the numbers that stand in the data."""
    import numpy

    encoder = dict((name, one) for name, one, _ in prepared.transformers_)["encoder"]
    found = []
    for categories in encoder.categories_:
        try:
            numbers = numpy.asarray(categories, dtype=float)
        except (TypeError, ValueError):
            it.refuse("no-equivalent", what="categories that are words")
        known = numbers[~numpy.isnan(numbers)]
        if (known != numpy.rint(known)).any() or (known < 0).any() or (known > 254).any():
            it.refuse("no-equivalent", what="categories that are not whole numbers below 255")
        found.append(known.astype(int))
    return found


def predictor_in_place(predictor, order, categories):
    import numpy

    nodes = predictor.nodes
    splits = numpy.flatnonzero(nodes["is_leaf"] == 0)
    for index in splits:
        column = int(nodes["feature_idx"][index])
        if nodes["is_categorical"][index]:
            row = int(nodes["bitset_idx"][index])
            sets = predictor.raw_left_cat_bitsets
            sets[row] = set_of_numbers(sets[row], categories[column])
        nodes["feature_idx"][index] = order[column]


def set_of_numbers(codes, categories):
    """A set of codes, as eight words of bits, as one of the categories that they stand for."""
    import numpy

    made = numpy.zeros(8, dtype=numpy.uint32)
    for code, number in enumerate(categories):
        if codes[code // 32] >> numpy.uint32(code % 32) & 1:
            made[number // 32] |= numpy.uint32(1 << (number % 32))
    return made


def bins_in_place(mapper, order, mask, categories):
    import numpy

    count = len(order)
    thresholds, numbers = [None] * count, numpy.zeros(count, dtype=mapper.n_bins_non_missing_.dtype)
    for place, column in enumerate(order):
        is_category = place < len(categories)
        own = categories[place].astype(float) if is_category else mapper.bin_thresholds_[place]
        thresholds[column] = own
        numbers[column] = mapper.n_bins_non_missing_[place]
    mapper.bin_thresholds_ = thresholds
    mapper.n_bins_non_missing_ = numbers
    mapper.is_categorical_ = numpy.asarray(mask, dtype=numpy.uint8)
