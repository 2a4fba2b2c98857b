# skops: a zip of a schema and arrays. What it would call while loading is listed first, and must be
# trusted.
LOAD_NEEDS = [("sklearn", "scikit-learn"), ("skops", "skops")]
SAVE_NEEDS = [("skops", "skops")]
PRELOAD = ["skops.io"]


def save(estimator, path, options, dataset):
    import skops.io

    skops.io.dump(estimator, path)


def load(path, options):
    import skops.io

    found = skops.io.get_untrusted_types(file=path)
    trust = options.get("trust", [])
    if trust == "all":
        trust = found
    elif isinstance(trust, str):
        trust = [trust]
    # skops refuses by itself what is not on the list, and names it.
    return skops.io.load(path, trusted=sorted(trust))
