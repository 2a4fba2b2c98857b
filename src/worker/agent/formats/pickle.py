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
    if options.get("compress") == "gzip":
        import gzip

        with gzip.open(path, "rb") as source:
            return pickle.load(source)
    with open(path, "rb") as source:
        return pickle.load(source)
