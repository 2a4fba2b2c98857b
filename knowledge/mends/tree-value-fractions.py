"""Classification trees hold fractions since scikit-learn 1.4, weights of samples before, which
predict_proba divides by their sum. Upwards the values are divided by their sum as the older
predict_proba does, which gives its probabilities to the last bit. Downwards they are multiplied by
the weight of the node; where all weights are whole numbers, as without weights and in bootstraps,
the product is rounded to one, and the older division gives the same bits again."""


def values_by_output(it):
    """The values of a fitted tree, one part for each output without its padding."""
    value = it.get("tree_").value
    counts = it.get("n_classes_")
    counts = counts if hasattr(counts, "__len__") else [counts]
    return [value[:, index, : int(count)] for index, count in enumerate(counts)]


@mend("sklearn", "DecisionTreeClassifier", written="<1.4", read=">=1.4")
def counts_to_fractions(it):
    if it.get("tree_") is None:
        return
    for values in values_by_output(it):
        total = values.sum(axis=1)[:, None]
        total[total == 0.0] = 1.0
        values /= total
    it.said("tree_.value: divided by the sum of each node")


@mend("sklearn", "DecisionTreeClassifier", written=">=1.4", read="<1.4", exactness="roundoff")
def fractions_to_counts(it):
    import numpy

    if it.get("tree_") is None:
        return
    weights = it.get("tree_").weighted_n_node_samples
    is_whole = bool((weights == numpy.rint(weights)).all())
    for values in values_by_output(it):
        values *= weights[:, None]
        near = numpy.rint(values)
        if is_whole and numpy.allclose(values, near, rtol=0, atol=1e-6):
            values[...] = near
    it.said("tree_.value: multiplied by the weight of each node")
