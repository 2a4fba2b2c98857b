"""What dill and cloudpickle write where pickle writes a name: a module by one call and an attribute
of it by another, the variables of `__main__`, functions and classes by value."""

import importlib
import types

from .patient import Refused
from .permits import REACHING_OUT
from .standins import StandIn, is_gone, stand_in

DILL_MODULES = ("dill._dill", "dill.dill")
# The one name that dill's own reader knows beside those of Python.
MAIN_NAMES = (("__builtin__", "__main__"), ("builtins", "__main__"))
BY_VALUE = ("dill", "cloudpickle")


class ByValue(object):
    """Stands for dill's own functions in one file."""

    def __init__(self, find):
        # From a module and a name to what they mean here, as they do anywhere else in a file.
        self.find = find
        self.main = {"__name__": "__main__"}
        # The package that wrote the file, where its names say so.
        self.writer = None

    def found(self, module, name):
        """What stands in the place of a name; None where the name means what it says."""
        if module.split(".")[0] in BY_VALUE:
            self.writer = module.split(".")[0]
        if (module, name) in MAIN_NAMES:
            return self.main
        if module in DILL_MODULES:
            return {"_import_module": self.imported, "_get_attr": self.attribute}.get(name)
        return None

    def imported(self, path, safe=False):
        """A module, or what keeps its name where there is none."""
        if path.split(".")[0] in REACHING_OUT:
            raise Refused("name-not-allowed", module=path, name="")
        try:
            return importlib.import_module(path)
        except ImportError:
            pass
        # dill asks for attributes of modules by the same call.
        module, _, name = path.rpartition(".")
        found = self.find(module, name) if module else None
        return stand_in(path, "")() if found is None or is_gone(found) else found

    def attribute(self, holder, name):
        """What a module calls by a name, as if the file had written both."""
        if isinstance(holder, types.ModuleType):
            return self.find(holder.__name__, name)
        if isinstance(holder, StandIn) and not holder.name:
            return self.find(holder.module, name)
        raise Refused("name-not-allowed", module="dill._dill", name="_get_attr")


def dumped_by_value(writer, model, protocol):
    """A model whose functions travel by value, as their package writes them."""
    package = importlib.import_module(writer)
    # With what a function refers to, and nothing else of the module that it comes from.
    more = {"recurse": True} if writer == "dill" else {}
    return package.dumps(model, protocol=protocol, **more)
