"""Changes of what later cells compute, or of what is said of them."""

import ctypes
import gc
import os
import sys
import threading

from tools import FACTS, attack, attempt, libc, time


def wrong(*_, **__):
    return 4242


@attack
def classes_patched(inner):
    import sklearn.linear_model
    import sklearn.preprocessing
    import sklearn.tree

    def zeros(self, X, *_, **__):
        import numpy

        return numpy.zeros(len(X))

    for module in (sklearn.linear_model, sklearn.preprocessing, sklearn.tree):
        for name in dir(module):
            for method in ("predict", "transform", "predict_proba", "decision_function"):
                if hasattr(getattr(module, name), method):
                    attempt(setattr, getattr(module, name), method, zeros)


@attack
def base_patched(inner):
    import sklearn.base

    sklearn.base.BaseEstimator.__setstate__ = lambda self, state: None
    sklearn.base.BaseEstimator.__getattribute__ = wrong


@attack
def numpy_patched(inner):
    import numpy

    for name in ("dot", "exp", "asarray", "array", "matmul", "sum", "argmax", "unique"):
        setattr(numpy, name, wrong)
    numpy.core.multiarray._reconstruct = wrong


@attack
def pickle_patched(inner):
    import io
    import pickle

    for name in ("load", "loads", "Unpickler", "_Unpickler"):
        setattr(pickle, name, wrong)
    io.open = io.BytesIO = wrong


@attack
def joblib_patched(inner):
    import joblib

    joblib.load = joblib.numpy_pickle.load = wrong


@attack
def copyreg_patched(inner):
    import copyreg

    copyreg._reconstructor = copyreg.__newobj__ = wrong
    copyreg.dispatch_table.clear()


@attack
def modules_replaced(inner):
    class Module(object):
        def __getattr__(self, name):
            return wrong

    for name in list(sys.modules):
        if name.split(".")[0] in ("sklearn", "numpy", "scipy", "json", "pickle", "struct"):
            sys.modules[name] = Module()


@attack
def imports_hooked(inner):
    class Finder(object):
        def find_spec(self, name, path=None, target=None):
            raise ImportError("none of that")

    sys.meta_path.insert(0, Finder())
    sys.path_hooks.insert(0, wrong)
    sys.path_importer_cache.clear()


@attack
def builtins_patched(inner):
    import builtins

    for name in ("len", "isinstance", "range", "sorted", "open", "repr", "str"):
        setattr(builtins, name, wrong)


@attack
def traced_lines(inner):
    def trace(above, event, value):
        for name in list(above.f_locals):
            if isinstance(above.f_locals[name], float):
                above.f_locals[name] = 4242.0
        return trace

    sys.settrace(trace)
    threading.settrace(trace)
    sys.setprofile(trace)


@attack
def thread_later(inner):
    import numpy

    def change():
        for _ in range(400):
            time.sleep(0.005)
            for found in gc.get_objects():
                if type(found) is numpy.ndarray and found.dtype == float:
                    attempt(found.fill, 4242.0)

    threading.Thread(target=change, daemon=True).start()


@attack
def collected(inner):
    """Code that runs whenever garbage is collected, in whatever cell that is."""
    gc.callbacks.append(lambda *_: attempt(wrong))
    gc.set_threshold(1)
    gc.get_referrers(gc)

    class Last(object):
        def __del__(self):
            import numpy

            numpy.dot = wrong

    kept = Last()
    kept.itself = kept


@attack
def at_exit(inner):
    import atexit

    atexit.register(lambda: os.write(1, b"still here"))
    atexit.register(time.sleep, 600)


@attack
def small_numbers(inner):
    """The number 1 is 2 from here on."""
    size = ctypes.sizeof(ctypes.c_size_t)
    for number in (1, 3, 150):
        ctypes.memset(id(number) + 3 * size, number + 1, 1)


@attack
def none_changed(inner):
    size = ctypes.sizeof(ctypes.c_size_t)
    ctypes.memmove(id(False) + size, id(1) + size, size)


@attack
def rounding(inner):
    """Of the processor, which numpy does not look at."""
    for mode in (0x800, 0x400, 0xC00):
        libc.fesetround(mode)


@attack
def fast_numbers(inner):
    """Numbers near zero become zero."""
    state = ctypes.create_string_buffer(64)
    libc.fegetenv(state)
    for at in (28,):
        state[at + 1] = bytes([state[at + 1][0] | 0x80])
        state[at] = bytes([state[at][0] | 0x40])
    libc.fesetenv(state)


@attack
def random_states(inner):
    import random

    import numpy

    numpy.random.seed(0)
    numpy.random.mtrand._rand = None
    numpy.random.rand = numpy.random.default_rng = wrong
    random.seed = random.random = wrong


@attack
def settings(inner):
    import locale
    import warnings

    import numpy
    import sklearn

    numpy.seterr(all="raise")
    numpy.set_printoptions(precision=1)
    sklearn.set_config(assume_finite=True, enable_metadata_routing=True)
    warnings.simplefilter("error")
    attempt(locale.setlocale, locale.LC_ALL, "tr_TR.UTF-8")
    sys.setrecursionlimit(60)
    os.umask(0o777)


@attack
def variables(inner):
    for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"):
        os.environ[name] = os.getcwd()
        libc.setenv(name.encode(), os.getcwd().encode(), 1)
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_CORETYPE"] = "Nehalem"


@attack
def memory_of_library(inner):
    """The code of the C library, rewritten where it stands."""
    address = ctypes.cast(libc.getpid, ctypes.c_void_p).value
    page = address & ~4095
    if libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(8192), 7) == 0:
        ctypes.memmove(address, b"\xb8\x01\x00\x00\x00\xc3", 6)


@attack
def memory_scribbled(inner):
    """Random places of the heap."""
    for found in gc.get_objects()[::50]:
        if isinstance(found, dict) and len(found) > 100:
            ctypes.memset(id(found) + 16, 255, 8)


@attack
def signals_left(inner):
    import signal

    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGALRM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)


@attack
def threads_of_blas(inner):
    os.environ["OMP_NUM_THREADS"] = "64"
    import joblib

    joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-i) for i in range(4))


@attack
def folder_changed(inner):
    os.chdir("/")
    sys.path.insert(0, FACTS["models"])
    sys.argv[:] = ["hostile"] * 1000
    sys.stdout = sys.stderr = None


@attack
def types_swapped(inner):
    """A class of the library becomes a subclass of something else, in place."""
    from sklearn.tree import DecisionTreeClassifier

    class Always(DecisionTreeClassifier):
        def predict(self, X, check_input=True):
            return [self.classes_[0]] * len(X)

    for found in gc.get_referrers(DecisionTreeClassifier):
        if isinstance(found, dict):
            for key, value in list(found.items()):
                if value is DecisionTreeClassifier:
                    attempt(found.__setitem__, key, Always)
