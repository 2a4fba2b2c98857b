"""Which packages cannot be imported, and the module that each does not find. Standard library only, Python 3.6 to 3.15.

The names of packages stand in NAMES, which is put before this text. Writes one line of JSON behind a marker.
"""
import importlib
import json
import os
import re
import sys

MARKER = "SHELFLIFE-NEEDS "
OF_NOBODY = ("test", "tests", "doc", "docs", "examples", "benchmarks")


def normalise(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def metadata_of(name):
    for folder in sys.path:
        try:
            entries = sorted(os.listdir(folder or "."))
        except OSError:
            continue
        for entry in entries:
            if entry.endswith(".dist-info") and normalise(entry.split("-")[0]) == name:
                return os.path.join(folder, entry)
    return None


def modules_of(name):
    """What a package is imported as, as its own metadata says it."""
    folder = metadata_of(name)
    if folder is None:
        return []
    named = read(os.path.join(folder, "top_level.txt")).split()
    if not named:
        paths = [line.split(",")[0] for line in read(os.path.join(folder, "RECORD")).splitlines()]
        named = [path.split("/")[0] for path in paths if path.count("/") == 1 and path.endswith("/__init__.py")]
        named += [path[:-3] for path in paths if "/" not in path and path.endswith(".py")]
    return [module for module in named if not module.startswith("_") and module not in OF_NOBODY]


def lacking(error):
    """The module of the first import that failed on the way to an exception."""
    found = None
    for _ in range(10):
        if error is None:
            break
        if isinstance(error, ModuleNotFoundError) and error.name:
            found = error.name
        error = error.__cause__ or error.__context__
    return found


def main():
    found = []
    for name in NAMES:  # noqa: F821
        for module in modules_of(name):
            try:
                importlib.import_module(module)
            except BaseException as error:  # SystemExit from an import is a failure as well
                lacks = lacking(error)
                if lacks:
                    found.append({"package": name, "lacks": lacks})
    sys.stdout.write("\n" + MARKER + json.dumps(found) + "\n")
    sys.stdout.flush()


main()
