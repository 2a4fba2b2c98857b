"""What is told of texts, classes, exceptions and warnings, without this machine's folders."""

import os
import sys
import traceback

from .errors import PACKAGE

MAX_TEXT = 2000
MAX_NAME = 300
MAX_WARNING = 500
MAX_WARNINGS = 50
MAX_FRAMES = 8
# Stands for what is left out in the middle of a message.
GAP = " ... "
# What `local_paths` found when this child began; None in the warm interpreter.
KNOWN_PATHS = None


def keep_local_paths():
    """Look for them once: a child has many messages."""
    global KNOWN_PATHS
    KNOWN_PATHS = None
    KNOWN_PATHS = local_paths()


def local_paths():
    """Folders whose place differs from machine to machine, with the words that stand for them,
    longest first."""
    if KNOWN_PATHS is not None:
        return KNOWN_PATHS
    paths = {sys.prefix: "<env>", sys.base_prefix: "<python>", os.getcwd(): "<scratch>"}
    for entry in sys.path:
        if entry.endswith(("site-packages", "dist-packages")):
            paths[entry] = "<site-packages>"
    pairs = [(path, word) for path, word in paths.items() if len(path) > 4]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def cut(text, limit):
    """`text` without this machine's folders and without lone surrogates (JSON could not carry
    them), at most `limit` characters."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    for path, word in local_paths():
        text = text.replace(path, word)
    if len(text) <= limit:
        return text
    # What explains a message stands at its beginning or at its end.
    tail = limit // 3
    return text[: limit - tail - len(GAP)] + GAP + text[-tail:]


def short_name(name):
    """A name as it may be kept: an artifact can have made it up."""
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 3] + "..."


def class_name(cls):
    """Qualified name of a class; builtins without their module."""
    module = getattr(cls, "__module__", None) or ""
    name = getattr(cls, "__qualname__", getattr(cls, "__name__", "?"))
    name = name if module in ("builtins", "exceptions", "") else module + "." + name
    return short_name(name)


def text_of(value):
    """`str(value)`, whatever that raises."""
    try:
        return str(value)
    except Exception as error:
        return "<str() of the exception raised %s>" % class_name(type(error))


def missing_module(error):
    """The module that an import or attribute error is about, where the error says it."""
    if isinstance(error, ImportError):
        return getattr(error, "name", None)
    if isinstance(error, AttributeError):
        text = text_of(error)
        for mark in ("on <module '", "module '"):
            start = text.find(mark)
            if start >= 0:
                start += len(mark)
                end = text.find("'", start)
                if end > start:
                    return text[start:end]
    return None


def is_own(frame):
    """Whether a frame is the agent's or of one of its own formats: neither is to blame."""
    name = frame.f_globals.get("__name__")
    if isinstance(name, str) and name.partition(".")[0] == PACKAGE:
        return True
    return bool(frame.f_globals.get("__shelflife__"))


def error_fact(error):
    """The facts of an exception: type, bases, message, deepest module, last frames."""
    frames = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_own(frame):
            continue
        module = frame.f_globals.get("__name__", "?")
        frames.append((str(module)[:MAX_NAME], frame.f_code.co_name[:MAX_NAME], line))
    module = missing_module(error)
    if module is None:
        # Code that an artifact brought along belongs to no module.
        named = [name for name, _, _ in frames if name != "?"]
        module = named[-1] if named else None
    importing = import_fact(error)
    bases = [class_name(base) for base in type(error).__mro__[1:] if base is not object]
    fact = {
        "type": class_name(type(error)),
        "message": cut(text_of(error), MAX_TEXT),
        "bases": bases,
        "module": None if module is None else short_name(str(module)),
        "frames": ["%s:%s:%s" % frame for frame in frames[-MAX_FRAMES:]],
    }
    if importing:
        fact["importing"] = importing
    return fact


def import_fact(error):
    """The installed package whose own modules raised an exception while they were imported, and the
    module that it did not find. scikit-learn is what is tried, and no package beside it."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name != "<module>" or is_own(frame):
            continue
        top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        path = frame.f_code.co_filename
        if "-packages" + os.sep not in path or not top or top in ("sklearn", "numpy", "joblib"):
            return None
        fact = {"module": top[:MAX_NAME]}
        lacks = lacking(error)
        if lacks:
            fact["lacks"] = lacks[:MAX_NAME]
        return fact
    return None


def lacking(error):
    """The module of the first import that failed on the way to an exception."""
    found = None
    for _ in range(10):
        if error is None:
            break
        if type(error).__name__ == "ModuleNotFoundError" and getattr(error, "name", None):
            found = error.name
        error = error.__cause__ or error.__context__
    return found


def warning_facts(caught):
    """Distinct warnings with their counts, in order of first appearance."""
    # An ensemble warns once for each of its members: count equal texts before they are cut.
    whole = {}
    for item in caught:
        key = (class_name(item.category), text_of(item.message))
        whole[key] = whole.get(key, 0) + 1
    counts = {}
    for (category, text), count in whole.items():
        key = (category, cut(text, MAX_WARNING))
        if key in counts or len(counts) < MAX_WARNINGS:
            counts[key] = counts.get(key, 0) + count
    return [{"category": c, "message": m, "count": n} for (c, m), n in counts.items()]
