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
    if "encoding" in options:
        return load_texts(path, options["encoding"])
    mode = options.get("mmap_mode")
    if mode is None:
        return module().load(path)
    if compress:
        raise Unsupported(
            "joblib cannot memory-map a compressed file: mmap_mode=%r would be ignored" % mode
        )
    return module().load(path, mmap_mode=mode)


def load_texts(path, encoding):
    """Load a file of Python 2, whose texts are bytes: joblib itself has no argument for that."""
    reader = module().numpy_pickle.NumpyUnpickler
    begin = reader.__init__

    def begin_with_encoding(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        self.encoding = encoding

    reader.__init__ = begin_with_encoding
    try:
        return module().load(path)
    finally:
        reader.__init__ = begin


def need_lz4():
    try:
        import lz4.frame  # noqa: F401
    except ImportError as error:
        raise Missing("lz4 is not installed: add it to the packages of the environment") from error
