"""Encoders turned round: from the numbers that a tree is to be given back to rows of several
types."""

import math

from .walking import held

HALF = 0.5


def turned_table(part, wanted, names):
    """The values of columns, by name, with which a part is given these rows, as far as what stands
    in front of it can be turned round; None where it cannot. `wanted` holds pairs of a row and what
    it has to hold."""
    import numpy

    if not part.before or not wanted or part.columns is not None:
        return None
    rows = numpy.array([row for row, _ in wanted], dtype="float64")
    bounds = [bounds for _, bounds in wanted]
    for step in reversed(part.before[1:]):
        turned = getattr(step, "inverse_transform", None)
        if turned is None:
            return None
        # What a row has to hold is said of what comes out of the last step.
        rows, bounds = numpy.asarray(turned(rows), dtype="float64"), [{}] * len(rows)
    columns = [rows[:, place] for place in range(rows.shape[1])]
    first = part.before[0]
    if held(first, "transformers_") is None:
        turned = turned_columns(first, columns, bounds)
        return None if turned is None or len(turned) != len(names) else dict(zip(names, turned))
    return turned_choices(first, columns, bounds, names)


def turned_choices(chooser, columns, bounds, names):
    """The same of what gives columns to several others. Columns that come out of what cannot be
    turned round stay as they are."""
    values, start = {}, 0
    for name, thing, chosen in chooser.__dict__["transformers_"]:
        own = chosen_names(chosen, names)
        if isinstance(thing, str) and thing == "drop":
            continue
        width = width_of(chooser, name, thing, own)
        if width is None:
            return values or None
        here = [
            {key - start: bound for key, bound in one.items() if start <= key < start + width}
            for one in bounds
        ]
        turned = turned_columns(thing, columns[start : start + width], here)
        if turned is not None and len(turned) == len(own):
            values.update(zip(own, turned))
        start += width
    return values


def width_of(chooser, name, thing, own):
    """How many columns come out of one of those that a chooser gives columns to."""
    places = held(chooser, "output_indices_")
    if isinstance(places, dict) and isinstance(places.get(name), slice):
        return places[name].stop - places[name].start
    if isinstance(thing, str) or thing is None:
        return len(own)
    steps = held(thing, "steps")
    last = steps[-1][1] if steps else thing
    known = held(last, "categories_")
    if known is not None and hasattr(last, "drop"):
        return sum(len(values) for values in known)
    return len(own) if known is not None or hasattr(last, "inverse_transform") else None


def turned_columns(step, columns, bounds):
    """The columns that a step was given where these came out of it; None where nobody can tell."""
    import numpy

    if step is None or isinstance(step, str):
        return columns
    steps = held(step, "steps")
    if steps:
        for _, inner in reversed(steps):
            columns = turned_columns(inner, columns, bounds)
            if columns is None:
                return None
            bounds = [{}] * len(bounds)
        return columns
    known = held(step, "categories_")
    if known is not None:
        if len(columns) == len(known):
            return [
                by_code(values, column, place, bounds)
                for place, (values, column) in enumerate(zip(known, columns))
            ]
        if len(columns) == sum(len(values) for values in known):
            return by_indicators(known, columns, bounds)
        return None
    statistics = held(step, "statistics_")
    if statistics is not None and len(statistics) == len(columns):
        return columns
    if type(step).__name__ == "FunctionTransformer" and held(step, "func") is None:
        return columns
    if hasattr(step, "inverse_transform"):
        matrix = numpy.column_stack([numpy.asarray(it, dtype="float64") for it in columns])
        matrix = numpy.asarray(step.inverse_transform(matrix))
        return [matrix[:, place] for place in range(matrix.shape[1])]
    return None


def by_code(known, column, place, bounds):
    """The categories of codes: of a number between two codes the one on its side of a
    threshold."""
    values = []
    for number, bound in zip(column, bounds):
        low = bound.get(place, (None, None))[0]
        code = math.floor(number)
        if low is not None and code <= low:
            code = math.floor(low) + 1
        values.append(known[min(max(int(code), 0), len(known) - 1)])
    return values


def by_indicators(known, columns, bounds):
    """The categories of columns that say yes or no: the one that has to be, or one that may be."""
    found, start = [], 0
    for values in known:
        count = len(values)
        chosen = []
        for row, bound in enumerate(bounds):
            here = [bound.get(start + index, (None, None)) for index in range(count)]
            forced = [index for index in range(count) if here[index][0] is not None]
            free = [index for index in range(count) if here[index][1] is None]
            is_on = [index for index in range(count) if columns[start + index][row] > HALF]
            best = forced or [index for index in is_on if index in free] or free or [0]
            chosen.append(values[best[0]])
        found.append(chosen)
        start += count
    return found


def chosen_names(columns, names):
    """The names of chosen columns."""
    if isinstance(columns, str):
        return [columns] if columns in names else []
    if isinstance(columns, slice):
        return names[columns] if not isinstance(columns.start, str) else []
    try:
        columns = list(columns)
    except TypeError:
        return []
    if columns and all(isinstance(it, bool) or type(it).__name__ == "bool_" for it in columns):
        return [name for name, is_one in zip(names, columns) if is_one]
    chosen = []
    for column in columns:
        if isinstance(column, str):
            chosen.append(column)
        elif hasattr(column, "__index__") and -len(names) <= column < len(names):
            chosen.append(names[column])
    return [name for name in chosen if name in names]
