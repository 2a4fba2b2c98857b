"""The parts of a model, and what stands in front of each: a tree in a pipeline is given what the
steps before it make of the rows."""

MOST_PARTS = 4000
DEPTH = 14


class Part(object):
    """A part of a model: what it is, what stands in front of it, and which of the columns that come
    out there it is given; all where None."""

    def __init__(self, owner, before, columns=None):
        self.owner = owner
        self.before = before
        self.columns = columns

    def whole(self, rows):
        """What comes out of the steps in front of it where the model is given these rows."""
        for step in self.before:
            rows = step.transform(rows)
        if hasattr(rows, "toarray"):
            rows = rows.toarray()
        return getattr(rows, "values", rows)

    def forward(self, rows):
        """What the part is given where the model is given these rows."""
        rows = self.whole(rows)
        return rows if self.columns is None else rows[:, self.columns]

    def backward(self, rows, base, width):
        """Rows that the model has to be given so that the part is given these, as far as the steps
        in front of it can be turned round; None where one cannot. Columns that the part is not
        given are those of `base`, which is what comes out of the steps for one row."""
        import numpy

        rows = numpy.asarray(rows, dtype="float64")
        if self.columns is not None:
            whole = numpy.repeat(base.reshape(1, -1), len(rows), axis=0)
            whole[:, self.columns] = rows
            rows = whole
        for step in reversed(self.before):
            turned = getattr(step, "inverse_transform", None)
            if turned is None:
                return None
            rows = turned(rows)
        rows = numpy.asarray(rows, dtype="float64")
        return rows if rows.ndim == 2 and rows.shape[1] == width else None


def held(thing, name):
    """An attribute of an object's own, without running anything of it."""
    return getattr(thing, "__dict__", {}).get(name)


def parts_with(model, name):
    """The parts of a model that have an attribute of this name."""
    found, seen = [], set()
    walk(model, (), None, name, found, seen, 0)
    return found


def walk(thing, before, columns, name, found, seen, depth):
    if depth > DEPTH or len(found) >= MOST_PARTS or id(thing) in seen:
        return
    seen.add(id(thing))
    if held(thing, name) is not None:
        found.append(Part(thing, before, columns))
    steps = held(thing, "steps")
    if isinstance(steps, list):
        for step in steps:
            part = step[-1]
            if part is None or isinstance(part, str):
                continue
            walk(part, before, columns, name, found, seen, depth + 1)
            if hasattr(part, "transform"):
                before = before + (part,)
        return
    chosen = held(thing, "estimators_features_")
    for key, part, index in members(thing):
        own = columns
        if chosen is not None and key == "estimators_" and index is not None:
            own = chosen[index] if columns is None else None
        walk(part, before, own, name, found, seen, depth + 1)


def members(thing):
    """The objects that an object holds, in lists and arrays as well: name, object, place."""
    for key, value in sorted(getattr(thing, "__dict__", {}).items()):
        if (
            key in ("steps", "estimators")
            or type(value).__module__ == "builtins"
            and not (isinstance(value, (list, tuple, dict)))
        ):
            continue
        if isinstance(value, dict):
            value = list(value.values())
        if type(value).__name__ == "ndarray":
            if value.dtype.kind != "O":
                continue
            value = value.ravel().tolist()
        if isinstance(value, (list, tuple)):
            for index, item in enumerate(value[:MOST_PARTS]):
                for part in item if isinstance(item, (list, tuple)) else (item,):
                    if hasattr(part, "__dict__"):
                        yield key, part, index
        elif hasattr(value, "__dict__"):
            yield key, value, None
