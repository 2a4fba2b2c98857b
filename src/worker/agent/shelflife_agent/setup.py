"""What an environment declares beyond its packages, and what its children inherit."""

import importlib
import sys
import time
import warnings

from .facts import MAX_TEXT, cut, error_fact, text_of
from .handlers import SOURCES, handler
from .names import lacking


def no_device(device):
    """Why the declared device would not compute here, or None where it does."""
    import numpy
    import onedal
    import sklearnex
    from sklearn.linear_model import LinearRegression

    backend = getattr(onedal, "_default_backend", None)
    if backend is not None:
        is_dpc = getattr(backend, "is_dpc", None)
    else:
        is_dpc = getattr(onedal, "_is_dpc_backend", None)
    if is_dpc is False:
        # Later releases raise; up to 2025.0 they compute on the host and say nothing.
        return (
            "there is no device %r: this build of scikit-learn-intelex has no DPC++ backend,"
            " which alone supports target_offload" % device
        )
    try:
        sklearnex.set_config(target_offload=device)
        rows = numpy.arange(12.0).reshape(6, 2)
        LinearRegression().fit(rows, rows[:, 0]).predict(rows)
    except Exception as error:
        return "there is no device %r: %s" % (device, cut(text_of(error), MAX_TEXT))
    return None


def set_up(request, troubles):
    """Extension and configuration, before anything of scikit-learn is used. Gives why a declared
    device is absent."""
    extension, device = request.get("extension"), request.get("device")
    if extension or device:
        try:
            # Where only the device is declared, the extension is there to reach it.
            importlib.import_module("sklearnex").patch_sklearn(verbose=False)
        except Exception as error:
            troubles["sklearnex"] = error_fact(error)
            return None
    for module in ["numpy", "sklearn"] + request.get("modules", []):
        try:
            importlib.import_module(module)
        except Exception as error:
            troubles[module] = error_fact(error)
    if request.get("config") and "sklearn" not in troubles:
        try:
            sys.modules["sklearn"].set_config(**request["config"])
        except Exception as error:
            troubles["sklearn.set_config"] = error_fact(error)
    return no_device(device) if device and not troubles else None


def preload():
    """Import what many cells will need, where it is there."""
    modules = ["sklearn.utils.validation"]
    for name, source in SOURCES.items():
        # A file of the matrix runs in a child first: what it does at its top must not reach the
        # others.
        if not source["foreign"]:
            modules.extend(handler(name).get("PRELOAD", ()))
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception:
            pass


def warm_up(request):
    """Import what the plan needs, once; children inherit it."""
    start = time.perf_counter()
    troubles = {}
    absent = set_up(request, troubles)
    lacks = {}
    if "sklearn" not in troubles:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lacks = lacking(request.get("expressions", {}))
    SOURCES.update(request.get("handlers", {}))
    preload()
    return {
        "op": "ready",
        "troubles": troubles,
        "lacks": lacks,
        "absent": absent,
        "seconds": time.perf_counter() - start,
    }
