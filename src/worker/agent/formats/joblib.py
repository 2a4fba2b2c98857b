# joblib: arrays apart from the pickle, with or without compression.
LOAD_NEEDS = [("sklearn", "scikit-learn")]
PRELOAD = ["joblib"]
# The module that marks arrays in files of scikit-learn's own copy, and where it is looked for.
VENDORED = b"sklearn.externals.joblib.numpy_pickle"
LOOKED_AT = 1 << 20


def module():
    """joblib, or the copy that scikit-learn up to 0.22 carries."""
    try:
        import joblib
    except ImportError:
        try:
            from sklearn.externals import joblib
        except ImportError:
            text = "joblib is not installed: add it to the packages of the environment"
            raise Missing(text) from None
    return joblib


def vendored():
    """The copy that scikit-learn before 0.21 carries, where it is not the package itself."""
    try:
        from sklearn.externals import joblib
        from sklearn.externals.joblib.numpy_pickle import NumpyArrayWrapper
    except ImportError:
        return None
    return joblib if NumpyArrayWrapper.__module__.startswith("sklearn.") else None


def reader_of(path):
    """The joblib that reads a file: the copy that scikit-learn up to 0.20 carries reads what it
    wrote, and any other one would not know the marks of its arrays."""
    # Where there is no copy any more, reading says so.
    return (vendored() if VENDORED in beginning(path) else None) or module()


def read(path, **options):
    """What the file holds; where reading fails, by the copy that may have written it: each of the
    two takes the arrays of the other for opcodes."""
    own = reader_of(path)
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


def beginning(path):
    """The first bytes of a file, decompressed where that is easy."""
    import zlib

    with open(path, "rb") as source:
        head = source.read(LOOKED_AT)
    if head[:1] not in (b"\x78", b"\x1f"):
        return head
    try:
        # zlib or gzip, by their headers.
        return zlib.decompressobj(47).decompress(head, LOOKED_AT)
    except zlib.error:
        return head


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
        return read(path)
    if compress:
        raise Unsupported(
            "joblib cannot memory-map a compressed file: mmap_mode=%r would be ignored" % mode
        )
    return read(path, mmap_mode=mode)


def load_texts(path, encoding):
    """Load a file of Python 2, whose texts are bytes: joblib itself has no argument for that."""
    joblib = reader_of(path)
    reader = joblib.numpy_pickle.NumpyUnpickler
    begin = reader.__init__

    def begin_with_encoding(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        self.encoding = encoding

    reader.__init__ = begin_with_encoding
    try:
        return joblib.load(path)
    finally:
        reader.__init__ = begin


def need_lz4():
    try:
        import lz4.frame  # noqa: F401
    except ImportError as error:
        raise Missing("lz4 is not installed: add it to the packages of the environment") from error
