"""One object whose state is being mended: what a function of a mend is given."""


class Refused(Exception):
    """A model that is not mended, with the facts of why."""

    def __init__(self, why, **facts):
        Exception.__init__(self, why)
        self.why = why
        self.facts = facts


class Patient(object):
    """An object, its state, the releases of both sides, and what is done to it. States that are
    dictionaries are copies, which may be changed."""

    def __init__(self, owner, state, session):
        self.owner = owner
        self.state = dict(state) if type(state) is dict else state
        self.before = frozenset(state) if type(state) is dict else frozenset()
        self.session = session
        self.written = self.read = None
        self.mend = None
        self.was_renamed = {}
        self.was_dropped = {}

    @property
    def kind(self):
        """The name of the class."""
        return type(self.owner).__name__

    def has(self, key):
        return key in self.state

    def get(self, key, otherwise=None):
        return self.state.get(key, otherwise)

    def said(self, what):
        """Note a change that is no key of the state."""
        self.session.note(self, what)

    def set(self, key, value, why=""):
        """Give a key a value."""
        self.state[key] = value
        sign = "" if key in self.before else "+"
        self.said("%s%s = %s%s" % (sign, key, shown(value), " (%s)" % why if why else ""))

    def add(self, key, value, why=""):
        """Give a key a value where the state does not have it."""
        if key not in self.state:
            self.set(key, value, why)

    def rename(self, key, other):
        """Carry what a key holds under another name; whether it did."""
        if key not in self.state or other in self.state:
            return False
        self.state[other] = self.state.pop(key)
        self.was_renamed[key] = other
        self.said("%s -> %s" % (key, other))
        return True

    def drop(self, key, reason):
        """Leave a key out, because of a reason."""
        if key in self.state:
            del self.state[key]
            self.was_dropped[key] = reason
            self.said("-%s (%s)" % (key, reason))

    def replace(self, value, why):
        """Put another value in the place of the whole state, which is no dictionary."""
        self.state = value
        self.said(why)

    def become(self, cls, why):
        """Let the object be one of another class."""
        was = type(self.owner).__name__
        self.owner.__class__ = cls
        self.said("%s -> %s (%s)" % (was, cls.__name__, why))

    def companion(self, module, name):
        """A class that travels beside the file, where it may."""
        if not self.session.companion.has(module):
            self.refuse("needs-companion", companion=module)
        return self.session.companion(module, name)

    def may_have(self, module):
        """Whether a module may travel beside the file; that it would help is noted where not."""
        return self.session.companion.may_have(module)

    def releases_of(self, package):
        """The releases of another package that wrote the file and that is here."""
        return self.session.written(package), self.session.read(package)

    def refuse(self, why, **facts):
        raise Refused(why, owner=self.owner, rule=self.mend.rule, **facts)

    def unexplained(self):
        """Keys that are gone without a word."""
        if type(self.state) is not dict:
            return []
        explained = set(self.was_renamed) | set(self.was_dropped)
        return sorted(str(key) for key in self.before - set(self.state) - explained)


def shown(value):
    """A value in a few words."""
    shape = getattr(value, "shape", None)
    if shape is not None and hasattr(value, "dtype") and shape != ():
        return "array of shape %s" % (tuple(shape),)
    text = " ".join(repr(value).split())
    if " object at 0x" in text:
        # An address would be another one each time.
        return "a %s" % type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."
