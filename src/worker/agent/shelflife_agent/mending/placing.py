"""Where in a model an object is: `steps[1][1].estimators_[0..99].tree_`."""

import re
from collections import deque

MOST_OBJECTS = 2000000
SIMPLE = (str, bytes, int, float, bool, complex, type(None), type)


def places_of(root, wanted):
    """The places of objects, by their `id`: the shortest way to each from the root."""
    missing = {id(value) for value in wanted}
    found, seen = {}, {id(root)}
    waiting = deque([(root, ())])
    while waiting and missing and len(seen) < MOST_OBJECTS:
        value, place = waiting.popleft()
        if id(value) in missing:
            found[id(value)] = place
            missing.discard(id(value))
        for step, part in parts_of(value):
            if isinstance(part, SIMPLE) or id(part) in seen:
                continue
            seen.add(id(part))
            waiting.append((part, place + (step,)))
    return found


def first_place(root, is_wanted):
    """The place of the first object that is wanted, or None."""
    seen = {id(root)}
    waiting = deque([(root, ())])
    while waiting and len(seen) < MOST_OBJECTS:
        value, place = waiting.popleft()
        if is_wanted(value):
            return place
        for step, part in parts_of(value):
            if id(part) not in seen:
                seen.add(id(part))
                waiting.append((part, place + (step,)))
    return None


def parts_of(value):
    """What a value holds, with the step that leads there."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield (("[%r]" % (key,))[:60], part)
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            yield index, part
    elif isinstance(value, (set, frozenset)):
        for part in value:
            yield "{}", part
    elif is_object_array(value):
        for index, part in enumerate(value.ravel().tolist()):
            yield index, part
    else:
        for name, part in list(attributes_of(value).items()):
            yield "." + str(name), part


def is_object_array(value):
    dtype = getattr(value, "dtype", None)
    return type(value).__name__ == "ndarray" and getattr(dtype, "kind", "") == "O"


def attributes_of(value):
    try:
        found = object.__getattribute__(value, "__dict__")
    except Exception:
        return {}
    return found if isinstance(found, dict) else {}


def written_place(place):
    """A place as one writes it in Python, without the name of the model."""
    text = "".join("[%d]" % step if isinstance(step, int) else step for step in place)
    return text[1:] if text.startswith(".") else text


def in_one(places):
    """Many places as one line, where they differ in indices only; else the first of them."""
    shapes = {tuple("#" if isinstance(step, int) else step for step in place) for place in places}
    if len(shapes) != 1:
        return written_place(places[0])
    parts = []
    for steps in zip(*places):
        if not isinstance(steps[0], int):
            parts.append(steps[0])
            continue
        low, high = min(steps), max(steps)
        parts.append("[%d]" % low if low == high else "[%d..%d]" % (low, high))
    text = "".join(parts)
    return text[1:] if text.startswith(".") else text


def shape_of(place):
    """A place with its indices left out, by which places are put together."""
    return re.sub(r"\[\d+\]", "[#]", written_place(place))
