"""Whether a module is there."""

import importlib.util
import sys

from .errors import Missing


def is_there(module):
    """Whether a module could be imported, without importing it."""
    if module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, AttributeError, ValueError):
        return False


def missing(package):
    """The exception that says what to install."""
    return Missing("%s is not installed: add it to the packages of the environment" % package)
