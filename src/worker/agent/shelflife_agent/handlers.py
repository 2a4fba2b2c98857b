"""How a fitted estimator is written and read.

A handler is a Python file of its own that the orchestrator sends. It has `save(estimator, path,
options, dataset)`, which may return the names of the outputs that the artifact holds, and
`load(path, options)`, which gives an object with those outputs as methods. Optional: SAVE_NEEDS and
LOAD_NEEDS (pairs of a module and the package that brings it), FOLDER (the artifact is a folder),
PRELOAD (modules that many cells will need). `Unsupported` and `Missing` are known there.
"""

import os
import shutil
import sys
import tempfile

from .archive import pack, unpack
from .damage import damage
from .errors import Missing, Unsupported
from .imports import is_there, missing

SOURCES = {}
LOADED = {}


def handler(name):
    """The handler's globals; its file is executed at its first use."""
    if name not in LOADED:
        source = SOURCES[name]
        scope = {
            "__name__": "shelflife_format_" + source["name"],
            "__file__": source["file"],
            "__shelflife__": not source["foreign"],
            "Unsupported": Unsupported,
            "Missing": Missing,
        }
        exec(compile(source["text"], source["file"], "exec"), scope)
        for function in ("save", "load"):
            if not callable(scope.get(function)):
                raise TypeError("%s defines no %s" % (source["file"], function))
        LOADED[name] = scope
    return LOADED[name]


def check_needs(scope, key):
    for module, package in scope.get(key, ()):
        # Whether a file needs scikit-learn alone shows when it is read.
        if module != "sklearn" and not is_there(module):
            if ("sklearn", "scikit-learn") in scope.get(key, ()) and not is_there("sklearn"):
                raise Unsupported("reading it needs scikit-learn, which is not installed")
            raise missing(package)


def save_artifact(estimator, saving, dataset):
    """Write one artifact; gives the outputs that it holds, or None for all that the estimator
    offers."""
    scope = handler(saving["handler"])
    check_needs(scope, "SAVE_NEEDS")
    path = saving["path"]
    if not scope.get("FOLDER"):
        outputs = scope["save"](estimator, path, saving["options"], dataset)
    else:
        folder = path + ".folder"
        os.mkdir(folder)
        try:
            outputs = scope["save"](estimator, folder, saving["options"], dataset)
            pack(folder, path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if saving["options"].get("damage"):
        damage(path, saving["options"]["damage"])
    return None if outputs is None else list(outputs)


def show_modules(task):
    """Let the author's own modules be found, where some were given."""
    if task.get("modules"):
        # Behind what is installed: the author's own modules are those that no package has.
        sys.path.append(
            unpack(task["modules"], tempfile.mkdtemp(prefix="modules-", dir=os.getcwd()))
        )


def load_artifact(task):
    """The object that predicts."""
    scope = handler(task["handler"])
    check_needs(scope, "LOAD_NEEDS")
    path = task["artifact"]
    show_modules(task)
    if scope.get("FOLDER"):
        path = unpack(path, tempfile.mkdtemp(prefix="artifact-", dir=os.getcwd()))
    try:
        return scope["load"](path, task["options"])
    except ImportError as error:
        named = (getattr(error, "name", None) or "").partition(".")[0]
        if named == "sklearn" and not is_there("sklearn"):
            text = "reading it needs scikit-learn, which is not installed"
            raise Unsupported(text) from None
        raise
