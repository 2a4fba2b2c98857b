# shelflife agent, part 4 of 6: how a fitted estimator is written and read.
#
# A handler is a pair of functions of (…, path, options). The orchestrator's table of formats names the handler
# and the options; nothing else here or there knows a format.
import pickle


def save_pickle(estimator, path, options):
    with open(path, "wb") as target:
        pickle.dump(estimator, target, protocol=options.get("protocol", pickle.DEFAULT_PROTOCOL))


def load_pickle(path, options):
    with open(path, "rb") as source:
        return pickle.load(source)


def joblib_module():
    """joblib, or the copy that scikit-learn up to 0.22 carries."""
    try:
        import joblib
    except ImportError:
        from sklearn.externals import joblib
    return joblib


def save_joblib(estimator, path, options):
    compress = options.get("compress", 0)
    joblib_module().dump(estimator, path, compress=tuple(compress) if isinstance(compress, list) else compress)


def load_joblib(path, options):
    return joblib_module().load(path)


HANDLERS = {
    "pickle": (save_pickle, load_pickle),
    "joblib": (save_joblib, load_joblib),
}
