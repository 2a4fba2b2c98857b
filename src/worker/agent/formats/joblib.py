# joblib: arrays apart from the pickle, with or without compression.
LOAD_NEEDS = [("sklearn", "scikit-learn")]
PRELOAD = ["joblib"]


def module():
    """joblib, or the copy that scikit-learn up to 0.22 carries."""
    try:
        import joblib
    except ImportError:
        from sklearn.externals import joblib
    return joblib


def vendored():
    """The copy that scikit-learn before 0.21 carries, where it is not the package itself."""
    try:
        from sklearn.externals import joblib
        from sklearn.externals.joblib.numpy_pickle import NumpyArrayWrapper
    except ImportError:
        return None
    return joblib if NumpyArrayWrapper.__module__.startswith("sklearn.") else None


def read(path, **options):
    """What the file holds, read by joblib; where that fails, by the copy that may have written it:
    each of the two takes the arrays of the other for opcodes."""
    own = module()
    try:
        return own.load(path, **options)
    except Exception:
        other = vendored()
        if other is None or other is own:
            raise
        try:
            return other.load(path, **options)
        except Exception:
            pass
        raise


def save(estimator, path, options, dataset):
    compress = options.get("compress", 0)
    compress = tuple(compress) if isinstance(compress, list) else compress
    if isinstance(compress, tuple) and compress[0] == "lz4":
        need_lz4()
    module().dump(estimator, path, compress=compress)


def load(path, options):
    compress = options.get("compress", 0)
    if isinstance(compress, list) and compress[0] == "lz4":
        need_lz4()
    mode = options.get("mmap_mode")
    if mode is None:
        return read(path)
    if compress:
        raise Unsupported(
            "joblib cannot memory-map a compressed file: mmap_mode=%r would be ignored" % mode
        )
    return read(path, mmap_mode=mode)


def need_lz4():
    try:
        import lz4.frame  # noqa: F401
    except ImportError as error:
        raise Missing("lz4 is not installed: add it to the packages of the environment") from error
