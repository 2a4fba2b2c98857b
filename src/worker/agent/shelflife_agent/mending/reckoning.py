"""What became of every key of every state: kept, renamed, dropped because of something, or kept and
not read by anything in the reader's package."""

import inspect
import re
import sys

WORD = re.compile(r"[A-Za-z_]\w*")


class Words(object):
    """The words of a package's sources: what none of them says, nothing there reads."""

    def __init__(self):
        self.of_module = {}
        self.of_package = {}

    def module(self, name):
        if name not in self.of_module:
            try:
                text = inspect.getsource(sys.modules[name])
            except Exception:
                text = ""
            self.of_module[name] = frozenset(WORD.findall(text))
        return self.of_module[name]

    def package(self, package):
        if package not in self.of_package:
            words = set()
            for name in list(sys.modules):
                if name == package or name.startswith(package + "."):
                    words |= self.module(name)
            self.of_package[package] = words
        return self.of_package[package]

    def has(self, cls, key):
        own = {base.__module__ for base in cls.__mro__ if base is not object}
        if not self.module(cls.__module__):
            # A compiled class does not show what it reads.
            return True
        if any(key in self.module(name) for name in own):
            return True
        return key in self.package(cls.__module__.split(".")[0])


def reckoned(patients, place_of):
    """The account of all states, put together by class and key."""
    words = Words()
    kept, renamed, dropped, unread = 0, {}, {}, {}
    for patient in patients:
        if type(patient.state) is not dict:
            continue
        cls = type(patient.owner)
        owner = cls.__name__
        gone = set(patient.was_renamed) | set(patient.was_dropped)
        for key in sorted(patient.before - gone, key=str):
            kept += 1
            if isinstance(key, str) and not words.has(cls, key):
                unread.setdefault((owner, key), []).append(patient.owner)
        for key, other in sorted(patient.was_renamed.items()):
            renamed.setdefault((owner, key, other), []).append(patient.owner)
        for key, reason in sorted(patient.was_dropped.items()):
            dropped.setdefault((owner, key, reason), []).append(patient.owner)
    return {
        "kept": kept,
        "renamed": [
            {"path": place_of(owners), "class": kind, "key": key, "to": other}
            for (kind, key, other), owners in renamed.items()
        ],
        "dropped": [
            {"path": place_of(owners), "class": kind, "key": key, "reason": reason}
            for (kind, key, reason), owners in dropped.items()
        ],
        "unread": [
            {"path": place_of(owners), "class": kind, "key": key}
            for (kind, key), owners in unread.items()
        ],
    }
