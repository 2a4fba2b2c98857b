# Python's own pickle, plain or inside gzip.
import pickle

LOAD_NEEDS = [("sklearn", "scikit-learn")]


def save(estimator, path, options, dataset):
    protocol = options.get("protocol", pickle.DEFAULT_PROTOCOL)
    if options.get("compress") == "gzip":
        import gzip

        # No name and no time in the header: equal models give equal bytes.
        with open(path, "wb") as raw, gzip.GzipFile(
            filename="", mode="wb", fileobj=raw, mtime=0
        ) as target:
            pickle.dump(estimator, target, protocol=protocol)
        return
    with open(path, "wb") as target:
        pickle.dump(estimator, target, protocol=protocol)


def load(path, options):
    import gzip

    opened = gzip.open if options.get("compress") == "gzip" else open
    reading = {"encoding": options["encoding"]} if "encoding" in options else {}
    with opened(path, "rb") as source:
        if options.get("consecutive"):
            return every(source, reading)
        return pickle.load(source, **reading)


def every(source, reading):
    """All pickles that stand one after another, as a tuple; a single one as itself."""
    found = [pickle.load(source, **reading)]
    while True:
        try:
            found.append(pickle.load(source, **reading))
        except EOFError:
            return tuple(found) if len(found) > 1 else found[0]
