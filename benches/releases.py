"""Writes `knowledge/names.txt`: which names each release of scikit-learn has, found by
importing them there.

    python benches/releases.py PYTHON... > knowledge/names.txt

Each PYTHON is the interpreter of an environment with one release; of two with the same release
the first counts. Every interpreter is asked twice: first for the names that its modules define or
offer, then which names of all releases it can import, since a module may hand on what another one
defines.
"""

import json
import subprocess
import sys

# What an interpreter runs; Python 3.6 and later. Standard input holds the names that are tried, or
# nothing to list them.
ASKED = r"""
import importlib, inspect, json, pkgutil, sys, warnings
warnings.simplefilter("ignore")
import sklearn

# What a release shows only to who asks for it.
for switch in ("hist_gradient_boosting", "iterative_imputer", "halving_search_cv", "successive_halving"):
    try:
        importlib.import_module("sklearn.experimental.enable_" + switch)
    except Exception:
        pass

def modules():
    yield "sklearn"
    aside = {"tests", "conftest", "externals", "_build_utils", "setup"}
    for found in pkgutil.walk_packages(sklearn.__path__, "sklearn.", onerror=lambda name: None):
        if not aside.intersection(found.name.split(".")):
            yield found.name

def load(name):
    try:
        return importlib.import_module(name)
    except BaseException:
        return None

def listed():
    for name in modules():
        module = load(name)
        is_public = not any(part.startswith("_") for part in name.split("."))
        offered = set(getattr(module, "__all__", ()))
        for key, value in sorted(vars(module).items()) if module else ():
            if key.startswith("__pyx_unpickle"):
                yield name + ":" + key
            home = getattr(value, "__module__", None)
            if not isinstance(home, str) or not home.startswith("sklearn"):
                continue
            is_own = home == name and inspect.isclass(value)
            is_free = is_public and callable(value) and not key.startswith("_")
            if is_own or (is_free and (key in offered or home == name)):
                yield name + ":" + key

def has(name):
    module, _, key = name.partition(":")
    found = load(module)
    try:
        return found is not None and hasattr(found, key)
    except BaseException:
        return False

wanted = json.loads(sys.stdin.read() or "null")
names = sorted(set(listed())) if wanted is None else [name for name in wanted if has(name)]
sys.__stdout__.write("\n" + json.dumps([sklearn.__version__, names]) + "\n")
"""


def asked(python, names=None):
    """What an interpreter answers: its release, and names."""
    told = "" if names is None else json.dumps(names)
    done = subprocess.run(
        [python, "-c", ASKED],
        input=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        universal_newlines=True,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def in_order(release):
    """A key that puts releases in their order."""
    return [int(part) if part.isdigit() else 0 for part in release.replace(".post", ".").split(".")]


def ranges(columns):
    """`0-3,7` of ascending numbers."""
    parts = []
    for column in columns:
        if parts and parts[-1][1] == column - 1:
            parts[-1][1] = column
        else:
            parts.append([column, column])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def main(pythons):
    """Asks all, and prints the table."""
    names, releases = set(), {}
    for python in pythons:
        release, found = asked(python)
        if release not in releases:
            releases[release] = python
            names.update(found)
    order = sorted(releases, key=in_order)
    names = sorted(names)
    having = {name: [] for name in names}
    for column, release in enumerate(order):
        for name in asked(releases[release], names)[1]:
            having[name].append(column)
    print(" ".join(order))
    for name in names:
        print(name, ranges(having[name]))


if __name__ == "__main__":
    main(sys.argv[1:])
