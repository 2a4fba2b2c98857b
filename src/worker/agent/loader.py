# Imports the agent's package from `MODULES`, which `build.rs` writes above this: names to files and
# texts. There is no file of them where this runs. It starts the agent with `__agent__`, the whole
# of this text, and with what loads the modules that few interpreters need.
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec


class PackedModules(object):
    """Finds and loads the modules; tracebacks name their files and show their lines."""

    def __init__(self):
        self.loaded = {}

    def find_spec(self, name, path=None, target=None):
        if name not in MODULES:
            return None
        is_package = MODULES[name][0].endswith("/__init__.py")
        return ModuleSpec(name, self, origin=MODULES[name][0], is_package=is_package)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        file, text = MODULES[module.__name__]
        exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name):
        return MODULES[name][1]

    def load(self, name):
        """A module of the agent, with all that it imports."""
        sys.modules.update(self.loaded)
        sys.meta_path.insert(0, self)
        try:
            return import_module(name)
        finally:
            sys.meta_path.remove(self)
            # An artifact must not find here what it will find nowhere else.
            for name in MODULES:
                if name in sys.modules:
                    self.loaded[name] = sys.modules.pop(name)


packed = PackedModules()
packed.load("shelflife_agent.main").main(__agent__, packed.load)
