"""The reader: Python's own unpickler in Python, which looks names up as mends say and shows them
every state before the object sees it."""

import importlib
import pickle
import struct
import sys

from .dilling import ByValue
from .framing import FRAME_MODULES, FRAME_NAME, ArrayFrame
from .generic import fill_parameters
from .patient import Patient, Refused
from .permits import is_permitted
from .registry import REGISTRY
from .releases import meets
from .standins import StandIn, stand_in

VERSION_KEY = "_%s_version"
# Parts of packages that no model comes from, and that cost time to import.
NOT_SEARCHED = ("tests", "conftest", "externals", "_testing", "estimator_checks", "_build_utils")
READ_ONLY_BUFFER = 0x98
NEXT_BUFFER = 0x97
LONG_BYTEARRAY = 0x96


class Reader(pickle._Unpickler):
    """Reads one pickle, with the arrays that joblib writes in between."""

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, source, session, encoding="ASCII"):
        pickle._Unpickler.__init__(self, source, encoding=encoding)
        self.source = source
        self.session = session

    def nested(self):
        """A pickle of its own within this one, as joblib writes arrays of objects."""
        return Reader(self.source, self.session, self.encoding).load()

    def persistent_load(self, key):
        raise Refused("persistent-id", key=str(key)[:100])

    def find_class(self, module, name):
        if name == FRAME_NAME and module in FRAME_MODULES:
            self.session.has_frames = True
            return ArrayFrame
        if self.proto < 3:
            module, name = of_python_two(module, name)
        by_value = self.session.by_value.found(module, name)
        return self.session.named(module, name) if by_value is None else by_value

    def load_build(self):
        owner, state = self.stack[-2], self.stack[-1]
        if isinstance(owner, ArrayFrame):
            self.stack.pop()
            owner.__dict__.update(state)
            self.stack[-1] = self.session.framed(owner.read(self.source, self.nested))
            return
        patient = self.session.before(owner, state)
        self.stack[-1] = patient.state
        pickle._Unpickler.load_build(self)
        self.session.after(patient)
        if isinstance(owner, StandIn):
            self.put_in_place(owner, self.session.remade(owner))

    dispatch[pickle.BUILD[0]] = load_build

    def load_reduce(self):
        pickle._Unpickler.load_reduce(self)
        if isinstance(self.stack[-1], StandIn):
            # What its arguments tell may be enough.
            self.stack[-1] = self.session.remade(self.stack[-1])

    dispatch[pickle.REDUCE[0]] = load_reduce

    def put_in_place(self, owner, made):
        """What was made of a stand-in is what the rest of the file refers to."""
        if made is owner:
            return
        self.stack[-1] = made
        for key, value in list(self.memo.items()):
            if value is owner:
                self.memo[key] = made

    def load_bytearray8(self):
        # Protocol 5, which Python 3.7 and earlier do not know.
        (length,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(length)))

    dispatch.setdefault(LONG_BYTEARRAY, load_bytearray8)

    def load_out_of_band(self):
        raise Refused("out-of-band-buffer")

    dispatch.setdefault(NEXT_BUFFER, load_out_of_band)

    def load_readonly_buffer(self):
        pass

    dispatch.setdefault(READ_ONLY_BUFFER, load_readonly_buffer)

    def load_proto(self):
        proto = self.read(1)[0]
        if not 0 <= proto <= 5:
            raise ValueError("unsupported pickle protocol: %d" % proto)
        self.proto = proto

    dispatch[pickle.PROTO[0]] = load_proto


def of_python_two(module, name):
    """The name that Python 3 has for one of Python 2."""
    import _compat_pickle

    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[(module, name)]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


class Names(object):
    """What the names of a file mean here."""

    def __init__(self, releases, allowed):
        # What is installed here, by package: to be asked for the release of one.
        self.releases = releases
        self.allowed = allowed
        self.known = {}
        # From the name in the file to the name here, and whose mend that is.
        self.redirected = {}
        self.gone = []
        self.by_class_name = {}
        # The rules whose mends took part, whether or not they changed anything.
        self.used = set()

    def find(self, module, name):
        key = (module, name)
        if key not in self.known:
            if not is_permitted(module, name, self.allowed):
                raise Refused("name-not-allowed", module=module, name=name)
            self.known[key] = self.looked_up(module, name)
        return self.known[key]

    def find_unlisted(self, module, name):
        """The same for a name that whoever listed the names of the file may not have seen."""
        if not is_permitted(module, name, None):
            raise Refused("name-not-allowed", module=module, name=name)
        return self.looked_up(module, name)

    def looked_up(self, module, name):
        replaced = self.replaced(module, name, True)
        if replaced is not None:
            return replaced
        if self.is_held(module, name, True):
            return self.lost(module, name)
        found = here(module, name)
        if found is not None:
            return found
        for rule, finder in REGISTRY.moved + REGISTRY.finders:
            for other in finder(module, name):
                found = here(*other)
                if found is not None:
                    self.redirected[(module, name)] = (other, rule)
                    self.used.add(rule)
                    return found
        replaced = self.replaced(module, name, False)
        if replaced is not None:
            return replaced
        if self.is_held(module, name, False):
            return self.lost(module, name)
        return self.guessed(module, name) or self.lost(module, name)

    def is_held(self, module, name, always):
        """Whether somebody makes something of what such a name stands for."""
        holders = [
            one.rule
            for one in REGISTRY.held
            if one.always is always
            and one.matches(module, name)
            and meets(self.releases(module.split(".")[0]), one.read)
        ]
        self.used.update(holders)
        return bool(holders)

    def replaced(self, module, name, always):
        for replacement in REGISTRY.replacements:
            if replacement.always is not always or not replacement.matches(module, name):
                continue
            if meets(self.releases(module.split(".")[0]), replacement.read):
                self.used.add(replacement.rule)
                if not always:
                    self.redirected[(module, name)] = (None, replacement.rule)
                return replacement.function
        return None

    def guessed(self, module, name):
        """The class of the same name elsewhere in the same package, where there is only one."""
        package = module.split(".")[0]
        if "." not in module or package not in sys.modules:
            return None
        found = self.classes_of(package).get(name, ())
        if len(found) != 1:
            return None
        (only,) = found
        self.redirected[(module, name)] = ((only.__module__, name), None)
        return only

    def lost(self, module, name):
        self.gone.append((module, name))
        return stand_in(module, name)

    def classes_of(self, package):
        if package not in self.by_class_name:
            self.by_class_name[package] = classes_in(package)
        return self.by_class_name[package]


def here(module, name):
    """What a name of a module is here, or None."""
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found
    except Exception:
        # Whatever a module raises when it is imported, it cannot be had.
        return None


def classes_in(package):
    """The classes that each module of a package defines, by name."""
    import pkgutil

    found = {}
    root = sys.modules[package]
    for entry in pkgutil.walk_packages(root.__path__, package + ".", onerror=lambda name: None):
        if any(part in entry[1] for part in NOT_SEARCHED):
            continue
        try:
            module = importlib.import_module(entry[1])
        except BaseException:
            continue
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and value.__module__ == entry[1]:
                found.setdefault(name, set()).add(value)
    return found


class Skimmer(Reader):
    """Reads a file without making anything of it, for the releases that its states name."""

    def __init__(self, source, found, encoding="ASCII"):
        Reader.__init__(self, source, None, encoding)
        self.found = found

    def nested(self):
        return Skimmer(self.source, self.found, self.encoding).load()

    def find_class(self, module, name):
        if name == FRAME_NAME and module in FRAME_MODULES:
            return ArrayFrame
        if (module, name) == ("numpy", "dtype"):
            return importlib.import_module("numpy").dtype
        return stand_in(module, name)

    def load_build(self):
        owner, state = self.stack[-2], self.stack[-1]
        if isinstance(owner, ArrayFrame):
            self.stack.pop()
            owner.__dict__.update(state)
            self.stack[-1] = owner.read(self.source, self.nested)
        elif isinstance(owner, StandIn):
            self.stack.pop()
            self.note(owner, state)
        else:
            pickle._Unpickler.load_build(self)

    dispatch = dict(Reader.dispatch)
    dispatch[pickle.REDUCE[0]] = pickle._Unpickler.load_reduce
    dispatch[pickle.BUILD[0]] = load_build

    def note(self, owner, state):
        package = owner.module.split(".")[0]
        version = state.get(VERSION_KEY % package) if isinstance(state, dict) else None
        if version is not None:
            self.found.setdefault(package, []).append(str(version))


class Session(object):
    """One file being read: its names, its releases, what is changed."""

    def __init__(self, written, read, allowed, companions):
        # From a package, and what an object says of its release, to the release that wrote it.
        self.written = written
        # From a package to the release that is installed here.
        self.read = read
        self.names = Names(read, allowed)
        self.by_value = ByValue(self.names.find_unlisted)
        self.companion = companions
        # (object, name of its class before, mend, what)
        self.changes = []
        # Each object whose state was a dictionary.
        self.patients = []
        self.has_frames = False

    def named(self, module, name):
        return self.names.find(module, name)

    def note(self, patient, what):
        self.changes.append((patient.owner, patient.mend, what))

    def framed(self, array):
        """An array of joblib's is shown to the mends of built arrays as well."""
        self.apply(Patient(array, None, self), True)
        return array

    def before(self, owner, state):
        patient = Patient(owner, state, self)
        self.apply(patient, False)
        patient.mend = None
        fill_parameters(patient)
        unexplained = patient.unexplained()
        if unexplained:
            raise Refused("unaccounted", owner=owner, keys=unexplained)
        if patient.before and not isinstance(owner, StandIn):
            self.patients.append(patient)
        return patient

    def after(self, patient):
        self.apply(patient, True)

    def remade(self, owner):
        """What the reader has in the place of a stand-in, or the stand-in itself."""
        for maker in REGISTRY.makers:
            if maker.matches(owner.module, owner.name):
                self.names.used.add(maker.rule)
                made = maker.function(owner)
                if made is not None:
                    self.changes.append((made, maker, "made anew"))
                    return made
        return owner

    def apply(self, patient, built):
        """Each mend that is registered for a class runs once, whatever the class inherits from."""
        for one in REGISTRY.of(type(patient.owner)):
            if one.built is not built:
                continue
            patient.written = self.written_for(patient, one.package)
            patient.read = self.read(one.package)
            if one.is_for(patient.written, patient.read):
                patient.mend = one
                self.names.used.add(one.rule)
                one.function(patient)

    def written_for(self, patient, package):
        """The release of a package that wrote an object: that which its state names, or the
        file's."""
        own = None
        if type(patient.state) is dict:
            own = patient.state.get(VERSION_KEY % package)
        return self.written(package, own)
