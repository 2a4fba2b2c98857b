"""The whole of it: a task says which file, of which releases, and where to write."""

import io
import sys
import types
import warnings

from .containers import compression_of, decompressed
from .patient import Refused
from .permits import with_names_of_today
from .placing import first_place, in_one, places_of, shape_of, written_place
from .reckoning import reckoned
from .registry import (
    accepts,
    begin_rule,
    called,
    found_as,
    given,
    held,
    mend,
    moved,
    native,
    remade,
    renamed,
    takes,
)
from .releases import installed_version, meets, release_of
from .standins import LeftOver, StandInType, gone_name, gone_state, is_gone
from .unpickling import Reader, Session, Skimmer
from .writing import written_bytes

# The package that a distribution brings, where it has another name.
PACKAGE_OF = {
    "scikit-learn": "sklearn",
    "imbalanced-learn": "imblearn",
    "scikit-learn-intelex": "sklearnex",
}
# What a file of mends may use without importing it.
OFFERED = {
    "accepts": accepts,
    "called": called,
    "found_as": found_as,
    "given": given,
    "held": held,
    "gone_name": gone_name,
    "gone_state": gone_state,
    "is_gone": is_gone,
    "meets": meets,
    "mend": mend,
    "moved": moved,
    "native": native,
    "remade": remade,
    "renamed": renamed,
    "takes": takes,
}


class Companions(object):
    """Modules that travel beside the file, made when the first class of one is asked for."""

    def __init__(self, sources):
        self.sources = dict(sources)
        self.used = []
        # Those that would make a model more like the original, and are not given.
        self.wanted = []

    def has(self, module):
        return module in self.sources

    def may_have(self, module):
        if module not in self.sources and module not in self.wanted:
            self.wanted.append(module)
        return module in self.sources

    def __call__(self, module, name):
        if module not in self.used:
            made = types.ModuleType(module)
            sys.modules[module] = made
            exec(compile(self.sources[module], module + ".py", "exec"), made.__dict__)
            self.used.append(module)
        return getattr(sys.modules[module], name)


class Releases(object):
    """The releases that a file was written with, and those that are here, by package."""

    def __init__(self, declared):
        self.of_file = {
            PACKAGE_OF.get(name, name): release_of(version) for name, version in declared.items()
        }
        self.here = {}

    def written(self, package, own=None):
        return release_of(own) if own is not None else self.of_file.get(package)

    def read(self, package):
        if package not in self.here:
            self.here[package] = release_of(installed_version(package))
        return self.here[package]


def take_in(mends):
    """Register what files of mends hold, given as names and texts."""
    for rule, source in mends:
        begin_rule(rule)
        exec(compile(source, rule + ".py", "exec", dont_inherit=True), dict(OFFERED))


def mend_file(task):
    """Mends a file and writes the model; gives what was done, or why nothing was written."""
    take_in(task.get("mends", ()))
    with open(task["artifact"], "rb") as stream:
        data = stream.read()
    options = task.get("options") or {}
    companions = Companions(task.get("companions") or ())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mended(task, data, options, companions)


def mended(task, data, options, companions):
    compression = compression_of(data)
    data = decompressed(data, compression)
    encoding = options.get("encoding", "ASCII")
    releases = Releases(dict(task.get("versions") or skimmed(data, encoding)))
    allowed = task.get("allowed")
    allowed = None if allowed is None else with_names_of_today(allowed)
    session = Session(releases.written, releases.read, allowed, companions)
    try:
        models = all_of(data, session, encoding, options.get("consecutive", False))
    except Refused as refused:
        return refusal(session, refused.why, refused.facts)
    root = models[0] if len(models) == 1 else tuple(models)
    try:
        by_value = session.by_value.writer
        out = written_bytes(models, session.has_frames, protocol_of(data), compression, by_value)
    except LeftOver as left:
        facts = {"module": left.module, "name": left.name}
        name = (left.module, left.name)
        place = first_place(root, lambda value: stands_for(value, name))
        return refusal(session, "left-over", dict(facts, place=place))
    with open(task["output"], "xb") as target:
        target.write(out)
    return {
        "outcome": "mended",
        "changes": changes_of(session, root),
        "keys": keys_of(session, root),
        "mends": sorted(session.names.used),
        "refused": [],
        "needs_companion": list(companions.used),
        "would_use": list(companions.wanted),
    }


def skimmed(data, encoding):
    """The releases that the states of a file name: of each package the one that most name."""
    found = {}
    try:
        Skimmer(io.BytesIO(data), found, encoding).load()
    except Exception:
        # What cannot be skimmed will say why when it is read.
        pass
    return {package: max(set(said), key=said.count) for package, said in found.items()}


def all_of(data, session, encoding, consecutive):
    """The model, or those that stand one after another."""
    source = io.BytesIO(data)
    models = [Reader(source, session, encoding).load()]
    while consecutive and source.tell() < len(data):
        models.append(Reader(source, session, encoding).load())
    return models


def protocol_of(data):
    return data[1] if data[:1] == b"\x80" else 0


def stands_for(value, name):
    kind = value if isinstance(value, StandInType) else type(value)
    return isinstance(kind, StandInType) and (kind.module, kind.name) == name


def refusal(session, why, facts):
    facts = dict(facts)
    owner, place = facts.pop("owner", None), facts.pop("place", None)
    facts["why"] = why
    if owner is not None:
        facts["class"] = type(owner).__name__
    facts["path"] = None if place is None else written_place(place)
    return {
        "outcome": "refused",
        "changes": changes_of(session, None),
        "keys": None,
        "refused": [facts],
        "needs_companion": [facts["companion"]] if "companion" in facts else [],
    }


def changes_of(session, root):
    """What was changed, put together where the same was done to many."""
    places = places_of(root, [owner for owner, _, _ in session.changes])
    groups = {}
    for owner, one, what in session.changes:
        place = places.get(id(owner))
        shape = None if place is None else shape_of(place)
        key = (type(owner).__name__, one, what, shape)
        groups.setdefault(key, []).append(place)
    changes = [
        {
            "path": None if shape is None else in_one(found),
            "class": kind,
            "mend": "generic" if one is None else one.rule,
            "what": what,
            "exactness": "exact" if one is None else one.exactness,
            "count": len(found),
        }
        for (kind, one, what, shape), found in groups.items()
    ]
    return names_changed(session) + changes


def names_changed(session):
    """The names that mean something else here than in the file."""
    changes = []
    for (module, name), (other, rule) in session.names.redirected.items():
        what = "what a function of the mend makes" if other is None else "%s.%s" % other
        changes.append(
            {
                "path": None,
                "class": "%s.%s" % (module, name),
                "mend": rule or "generic",
                "what": "read as " + what,
                "exactness": "exact" if rule else "guessed",
                "count": 1,
            }
        )
    return changes


def keys_of(session, root):
    """The account of all states."""
    places = places_of(root, [patient.owner for patient in session.patients])

    def place_of(owners):
        found = [places[id(owner)] for owner in owners if id(owner) in places]
        return in_one(found) if found else None

    return reckoned(session.patients, place_of)
