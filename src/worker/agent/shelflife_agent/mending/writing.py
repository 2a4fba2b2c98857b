"""The model as bytes of the original's kind: pickle or joblib, protocol and compression."""

import io
import pickle

from .containers import compressed
from .dilling import dumped_by_value
from .standins import LeftOver

# What joblib compresses with where nobody asks for more.
USUAL_LEVEL = 3


def joblib_here():
    """joblib, or the copy that scikit-learn up to 0.22 carries."""
    try:
        import joblib
    except ImportError:
        from sklearn.externals import joblib
    return joblib


def written_bytes(models, is_framed, protocol, compression, by_value=None):
    """The bytes of models one after another. Raises `LeftOver` where one holds a stand-in.
    `by_value` is the package that writes what pickle cannot, where one has written the file."""
    protocol = min(protocol, pickle.HIGHEST_PROTOCOL)
    if is_framed:
        return framed_bytes(models[0], protocol, compression)
    written = [plain_bytes(model, protocol, by_value) for model in models]
    return compressed(b"".join(written), compression)


def plain_bytes(model, protocol, by_value):
    try:
        return unwrapped(lambda: pickle.dumps(model, protocol=protocol))
    except LeftOver:
        raise
    except Exception:
        if by_value is None:
            raise
    return unwrapped(lambda: dumped_by_value(by_value, model, protocol))


def framed_bytes(model, protocol, compression):
    target = io.BytesIO()
    how = (compression, USUAL_LEVEL) if compression else 0
    unwrapped(lambda: joblib_here().dump(model, target, compress=how, protocol=protocol))
    return target.getvalue()


def unwrapped(dump):
    """Whoever pickles may wrap what `LeftOver` says."""
    try:
        return dump()
    except LeftOver:
        raise
    except Exception as error:
        cause = error.__cause__ or error.__context__
        while cause is not None:
            if isinstance(cause, LeftOver):
                raise cause from None
            cause = cause.__cause__ or cause.__context__
        raise
