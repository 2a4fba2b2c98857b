"""Recipes: a file that makes a model, and the files beside it that it imports."""

import importlib.abc
import importlib.machinery
import os
import sys


class Neighbours(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules that came with a recipe before all others, as beside a script."""

    def __init__(self, folder, sources):
        self.folder = folder
        self.sources = sources

    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        is_package = self.sources[name]["is_package"]
        ending = os.path.join(*name.split(".")) + (os.sep + "__init__.py" if is_package else ".py")
        origin = os.path.join(self.folder, ending)
        spec = importlib.machinery.ModuleSpec(name, self, origin=origin, is_package=is_package)
        spec.has_location = True
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        source = self.sources[module.__name__]["source"]
        exec(compile(source, module.__spec__.origin, "exec"), module.__dict__)


def forget_neighbours():
    """Those of an earlier recipe, which may have files of the same names."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Neighbours)]
    for name, module in list(sys.modules.items()):
        if isinstance(getattr(module, "__loader__", None), Neighbours):
            del sys.modules[name]


def run_recipe(source):
    """The module that a recipe makes."""
    forget_neighbours()
    sources = source.get("neighbours")
    if sources:
        sys.meta_path.insert(0, Neighbours(os.path.dirname(source["path"]), sources))
    module = type(sys)("shelflife_recipe")
    module.__file__ = source["path"]
    sys.modules["shelflife_recipe"] = module
    exec(compile(source["recipe"], source["path"], "exec"), module.__dict__)
    return module
