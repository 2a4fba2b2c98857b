"""Versions, and what is said of them: "<1.3", ">=1.1,<1.4"."""

import re

COMPARISONS = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}


def release_of(text):
    """The numbers of a version, without what follows them: (1, 3, 0) of "1.3.dev0"."""
    if text is None:
        return None
    found = re.match(r"\s*v?(\d+(?:\.\d+)*)", str(text))
    if found is None:
        return None
    return padded(tuple(int(part) for part in found.group(1).split(".")))


def padded(numbers):
    return (numbers + (0, 0, 0))[:3]


def meets(release, said):
    """Whether a release is one of those that are said; an unknown one is one of none."""
    if not said:
        return True
    if release is None:
        return False
    for part in said.split(","):
        sign, text = re.match(r"\s*(<=|>=|==|!=|<|>)\s*(\S+)", part).groups()
        if not COMPARISONS[sign](release, release_of(text)):
            return False
    return True


def installed_version(package):
    """What a package that can be imported says of its version."""
    import importlib

    try:
        return getattr(importlib.import_module(package), "__version__", None)
    except Exception:
        return None
