"""What people save is not always one estimator: a dictionary, a tuple, a list or a table with
estimators in it, or several pickles one after another. Each estimator in it is found by its
path."""

from .errors import InputsDoNotFit, NotAModel
from .estimators import ATTRIBUTES, METHODS, offers
from .facts import cut

# Between the path of an estimator and the name of its output.
SEPARATOR = "/"
# Estimators of one file that are tried, things in one container that are looked at, and how deep.
MOST = 64
MOST_ITEMS = 10000
DEEPEST = 4
LONGEST_KEY = 60
# What stands behind the path of plain data, in the place of a method.
DATA = "data"
# Pieces of plain data of one file that are compared, and values in one of them.
MOST_DATA = 256
MOST_VALUES = 100000
# Whose objects are looked into only where they are containers.
SCALARS = (bool, int, float, str, bytes)
LIBRARIES = ("builtins", "numpy", "pandas", "scipy", "sklearn")


def is_model(thing):
    """Whether something has outputs. Classes have them as functions, and predict nothing."""
    return not isinstance(thing, type) and any(offers(thing, name) for name in METHODS + ATTRIBUTES)


def estimators_in(thing):
    """The estimators in what was loaded, with the path of each; the thing itself where it is one:
    its path is empty then."""
    if is_model(thing) and not is_table(thing):
        return [("", thing)]
    found, paths, seen = [], set(), set()
    for path, part in parts_of(thing, (), 0, seen):
        name = SEPARATOR.join(path)
        while name in paths:
            name += "+"
        paths.add(name)
        found.append((name, part))
        if len(found) == MOST:
            break
    return found


def parts_of(thing, path, depth, seen):
    """The estimators in a container, in the order in which they stand there. One that stands there
    twice is the same at both places."""
    if id(thing) in seen or depth > DEEPEST:
        return
    seen.add(id(thing))
    for key, part in items_of(thing):
        here = path + (named(key),)
        if is_model(part) and not is_table(part):
            if id(part) not in seen:
                seen.add(id(part))
                yield here, part
        else:
            for found in parts_of(part, here, depth + 1, seen):
                yield found


def data_in(thing):
    """The plain data in a container, with the path of each: thresholds, names of columns, arrays.
    Whoever loads the file uses it with the estimators."""
    found, paths = [], set()
    for path, value in data_of(thing, (), 0, set()):
        name = SEPARATOR.join(path)
        if path and name not in paths:
            paths.add(name)
            found.append((name, value))
        if len(found) == MOST_DATA:
            break
    return found


def data_of(thing, path, depth, seen):
    """Plain data in the order in which it stands there. Estimators are tried instead."""
    value = plain(thing)
    if value is not None:
        yield path, value
        return
    if id(thing) in seen or depth > DEEPEST or is_table(thing) or is_model(thing):
        return
    seen.add(id(thing))
    for key, part in items_of(thing):
        for found in data_of(part, path + (named(key),), depth + 1, seen):
            yield found


def plain(thing):
    """A value as an array, or a list of such values; None for everything else."""
    import numpy

    if thing is None or isinstance(thing, SCALARS + (numpy.generic,)):
        array = numpy.empty(1, dtype=object)
        array[0] = thing
        return array
    if type(thing).__name__ == "ndarray":
        is_plain = thing.dtype.kind in "biufUSMm" and thing.size <= MOST_VALUES
        return thing if is_plain else None
    if isinstance(thing, (list, tuple)) and thing and len(thing) <= MOST_VALUES:
        if all(item is None or isinstance(item, SCALARS + (numpy.generic,)) for item in thing):
            array = numpy.empty(len(thing), dtype=object)
            array[:] = list(thing)
            return array
    return None


def items_of(thing):
    """Keys and values of what holds things; none of what does not."""
    if isinstance(thing, dict):
        items = thing.items()
    elif isinstance(thing, (list, tuple)):
        names = getattr(thing, "_fields", None)
        items = zip(names if isinstance(names, tuple) else range(len(thing)), thing)
    elif is_table(thing):
        items = cells_of(thing)
    elif type(thing).__name__ == "ndarray" and thing.dtype.kind == "O":
        items = enumerate(thing.ravel().tolist())
    elif is_own(thing):
        # An object of somebody's own class around them.
        items = vars(thing).items()
    else:
        items = ()
    for count, item in enumerate(items):
        if count == MOST_ITEMS:
            return
        yield item


def is_own(thing):
    """Whether an object is of a class that holds attributes and belongs to no library of arrays."""
    module = type(thing).__module__.partition(".")[0]
    held = getattr(thing, "__dict__", None)
    return isinstance(held, dict) and module not in LIBRARIES


def is_table(thing):
    """Whether something is a DataFrame or a Series of pandas, which also have a `transform`."""
    return type(thing).__module__.startswith("pandas.") and hasattr(thing, "iloc")


def cells_of(table):
    """The cells of a table that hold objects, by column and row."""
    columns = table.items() if hasattr(table, "columns") else [(None, table)]
    for name, column in columns:
        if getattr(column.dtype, "kind", "") != "O":
            continue
        for row, value in column.items():
            yield (row if name is None else "%s,%s" % (name, row)), value


def named(key):
    """A key as a part of a path: what separates parts and outputs stands in none."""
    text = cut(str(key), LONGEST_KEY)
    return "".join("_" if letter in "/[].\n" else letter for letter in text)


def alone(parts, methods):
    """The one estimator that has outputs which are asked for without a path, as expected values
    are; none where they are asked for by their paths."""
    plain = [name for name in methods or () if SEPARATOR not in name]
    if not plain:
        return None
    offering = [part for part in parts if all(offers(part[1], name) for name in plain)]
    if len(offering) == 1:
        return offering[0][1]
    if not offering:
        raise InputsDoNotFit("no estimator in it has the output %s" % ", ".join(plain))
    kinds = ", ".join(path for path, _ in offering or parts)
    raise NotAModel(
        "the file holds several estimators, and nothing says which of them is asked for %s: %s"
        % (plain[0], kinds)
    )


def wanted_of(methods, path):
    """The outputs that are asked of the estimator at a path; None for all that it offers."""
    if methods is None:
        return None
    begin = path + SEPARATOR
    return [name[len(begin) :] for name in methods if name.startswith(begin)]
