"""The mends of all files. A file of mends registers what it has with the functions here."""

import fnmatch
import importlib
import inspect

from .releases import meets
from .standins import stand_in

# How exact a mend is: the same to the last bit; to rounding; in what predicts only; in what it
# does, by another class of the reader; by a class that travels beside the file; found by its name.
EXACTNESS = ("exact", "roundoff", "predict-only", "type-changes", "companion", "guessed")


class StateMend(object):
    """One function that corrects states, and when it applies."""

    def __init__(self, rule, function, package, classes, written, read, exactness, built, late):
        self.rule = rule
        self.function = function
        self.package = package
        self.classes = classes
        self.written = written
        self.read = read
        self.exactness = exactness
        self.built = built
        self.late = late

    def matches(self, cls):
        """Whether a class, or one that it inherits from, is one of the package's that are named."""
        return any(
            base.__name__ in self.classes and base.__module__.split(".")[0] == self.package
            for base in cls.__mro__
        )

    def is_for(self, written, read):
        return meets(written, self.written) and meets(read, self.read)


class Replacement(object):
    """A function in the place of one that a file calls by its name."""

    def __init__(self, rule, function, module, name, read, always):
        self.rule = rule
        self.function = function
        self.module = module
        self.name = name
        self.read = read
        self.always = always

    def matches(self, module, name):
        return fnmatch.fnmatchcase(module, self.module) and fnmatch.fnmatchcase(name, self.name)


class Maker(Replacement):
    """A function that makes something of a stand-in."""

    def __init__(self, rule, function, module, name, read, always, exactness):
        Replacement.__init__(self, rule, function, module, name, read, always)
        self.exactness = exactness


class Registry(object):
    """All that was registered, in the order of the files' names."""

    def __init__(self):
        self.rule = None
        self.states = []
        self.replacements = []
        # Modules that are one under several names come first: they belong to their own cause, where
        # a pattern would find them as well.
        self.moved = []
        self.finders = []
        # (patterns of module and name, whether always), of what its owner makes anew.
        self.held = []
        # What is made of a stand-in as soon as its state is known, by names.
        self.makers = []
        self.of_class = {}

    def of(self, cls):
        """The state mends of a class, those last that are to be late."""
        if cls not in self.of_class:
            found = [mend for mend in self.states if mend.matches(cls)]
            self.of_class[cls] = sorted(found, key=lambda mend: mend.late)
        return self.of_class[cls]


REGISTRY = Registry()


def begin_rule(rule):
    """What is registered from now on belongs to a rule."""
    REGISTRY.rule = rule


def mend(package, classes, written="", read="", exactness="exact", built=False, late=False):
    """Registers a function that is given each object of these classes whose writer and reader are
    releases of `package` as said: before its state is set, or after that where it is `built`."""
    if exactness not in EXACTNESS:
        raise ValueError("%r is not one of %s" % (exactness, ", ".join(EXACTNESS)))
    names = frozenset(classes.split())

    def register(function):
        REGISTRY.states.append(
            StateMend(
                REGISTRY.rule, function, package, names, written, read, exactness, built, late
            )
        )
        REGISTRY.of_class.clear()
        return function

    return register


def called(module, name, read="", always=False):
    """Registers a function in the place of one that files call, by patterns of its name: where the
    reader does not have it, or `always`. `read` speaks of the package that it belongs to."""

    def register(function):
        REGISTRY.replacements.append(
            Replacement(REGISTRY.rule, function, module, name, read, always)
        )
        return function

    return register


def held(module, names="*", read="", always=False):
    """Names of these modules, by patterns, are held as stand-ins until their owner makes something
    of them: where the reader does not have them, or `always`. No other class is guessed."""
    for name in names.split():
        REGISTRY.held.append(Replacement(REGISTRY.rule, stand_in, module, name, read, always))


def remade(module, names, read="", always=False, exactness="exact"):
    """Registers a function that makes something of the reader of a stand-in whose state is known,
    or None where it cannot. The names are held as with `held`."""

    def register(function):
        held(module, names, read, always)
        for name in names.split():
            REGISTRY.makers.append(
                Maker(REGISTRY.rule, function, module, name, read, always, exactness)
            )
        return function

    return register


def found_as(finder):
    """Registers a function from a module and a name that are gone to those that may have taken
    their place: pairs, the likeliest first."""
    REGISTRY.finders.append((REGISTRY.rule, finder))
    return finder


def moved(*modules):
    """These modules are one module under names of different releases."""

    def elsewhere(module, name):
        return [(other, name) for other in modules if other != module] if module in modules else []

    REGISTRY.moved.append((REGISTRY.rule, elsewhere))


def renamed(module, *names):
    """These names of a module are one thing under names of different releases."""

    def otherwise(asked, name):
        if asked != module or name not in names:
            return []
        return [(module, other) for other in names if other != name]

    REGISTRY.moved.append((REGISTRY.rule, otherwise))


def given(package, classes, **values):
    """Parameters or attributes of these classes that a state may lack get these values, where the
    reader's constructor has such a parameter."""

    def give(patient):
        for key, value in sorted(values.items()):
            if key not in patient.state and takes(type(patient.owner), key):
                patient.set(key, value, "what the writer does without such a parameter")

    mend(package, classes)(give)


def takes(cls, parameter):
    """Whether the constructor of a class, or of one that it inherits from, has a parameter."""
    bases = [base for base in cls.__mro__ if "__init__" in vars(base)]
    return any(accepts(base.__init__, parameter) for base in bases)


def accepts(function, parameter):
    """Whether a function has a parameter."""
    function = getattr(function, "deprecated_original", function)
    try:
        return parameter in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def native(module, name):
    """A class or function of the reader."""
    return getattr(importlib.import_module(module), name)
