"""What a task can leave behind for the next one of its batch."""

import operator
import os
import sys
import threading

# Modules whose attributes a well-behaved artifact leaves alone.
WATCHED = (
    "builtins",
    "os",
    "sys",
    "pickle",
    "warnings",
    "joblib.numpy_pickle",
    "numpy",
    "sklearn",
    "sklearn.base",
)
# The interpreter keeps its own books in `sys` and `builtins`.
BOOKS = ("_", "last_type", "last_value", "last_traceback", "last_exc")


def module_state():
    """Names and values of the watched modules as two tuples each. Taken before the first fork:
    copying them in every child would touch, and so copy, much of what it inherits."""
    state = {}
    for name in WATCHED:
        module = sys.modules.get(name)
        if module is not None:
            items = [(key, value) for key, value in module.__dict__.items() if key not in BOOKS]
            state[name] = (tuple(key for key, _ in items), tuple(value for _, value in items))
    return state


class WorldState(object):
    """What one cell of a batch could change for the next one."""

    def __init__(self, modules):
        self.scalars = self.take()
        self.modules = modules

    @staticmethod
    def take():
        """What is compared by value."""
        state = {
            "the working directory": os.getcwd(),
            "environment variables": dict(os.environ),
            "sys.path": list(sys.path),
            "the number of threads": threading.active_count(),
            "the recursion limit": sys.getrecursionlimit(),
        }
        numpy, sklearn = sys.modules.get("numpy"), sys.modules.get("sklearn")
        if hasattr(numpy, "geterr"):
            state["numpy's error handling"] = numpy.geterr()
        if hasattr(sklearn, "get_config"):
            state["scikit-learn's configuration"] = sklearn.get_config()
        return state

    def change(self):
        """The first difference in words, or None."""
        now = self.take()
        for what, before in self.scalars.items():
            if now.get(what) != before:
                return what
        for name, (keys, values) in self.modules.items():
            module = sys.modules.get(name)
            if module is None:
                return "module " + name
            current = module.__dict__
            # Thousands of names after each cell: no loop of our own unless something differs.
            if not all(map(operator.is_, map(current.get, keys), values)):
                for key, value in zip(keys, values):
                    if current.get(key) is not value:
                        return "%s.%s" % (name, key)
        return None
