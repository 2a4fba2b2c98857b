"""What stands in the place of a class that is gone: it keeps what the file says of it, so that its
owner can make something of it that the reader has. It cannot be written."""

import copyreg


class LeftOver(Exception):
    """Something would be written whose class does not exist here."""

    def __init__(self, module, name):
        Exception.__init__(self, "%s.%s" % (module, name))
        self.module = module
        self.name = name


class StandInType(type):
    """The class of stand-ins; one that is used as a value cannot be written either."""


class StandIn(StandInType("StandInBase", (), {})):
    """Module and name are those of the class; arguments, state and items those of the object."""

    module = name = None

    def __new__(cls, *args, **kwargs):
        made = object.__new__(cls)
        made.args = args
        made.state = None
        made.items = []
        return made

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        self.state = state

    def append(self, item):
        self.items.append(item)

    def extend(self, items):
        self.items.extend(items)

    def __setitem__(self, key, value):
        self.items.append((key, value))

    def add(self, item):
        self.items.append(item)

    def __reduce_ex__(self, protocol):
        raise LeftOver(self.module, self.name)

    __reduce__ = None
    __hash__ = object.__hash__


def refuse_to_write(cls):
    raise LeftOver(cls.module, cls.name)


copyreg.pickle(StandInType, refuse_to_write)


def stand_in(module, name):
    """A class that stands for another one."""
    return StandInType(str(name), (StandIn,), {"module": module, "name": name})


def is_gone(value):
    """Whether something is a stand-in, or a stand-in's class where a function is gone."""
    return isinstance(value, StandIn) or isinstance(value, StandInType)


def gone_name(value):
    """The name of what is gone; None of anything else."""
    return value.name if is_gone(value) else None


def gone_state(value):
    """The state of a stand-in as a dictionary: that of its last part which is one."""
    state = value.state
    if isinstance(state, tuple):
        state = next((part for part in state if isinstance(part, dict)), None)
    return state if isinstance(state, dict) else {}
