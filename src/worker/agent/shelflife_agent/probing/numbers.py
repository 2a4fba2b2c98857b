"""Rows of numbers: extremes, mixtures, missing values, and those that trees ask for."""

import random

from .boosting import trees_of as trees_of_boosting
from .encoding import Numbers
from .trees import trees_of

# Numbers that are made at most, and rows.
MOST_NUMBERS = 3000000
MOST_ROWS = 8000
MIXTURES = 400
# Features whose extremes are tried, each alone.
MOST_FEATURES = 400
# How far beyond what was seen.
BEYOND = 0.5


class Derived(object):
    """Blocks of rows: those that have to work, and those that a model may refuse."""

    def __init__(self, core):
        self.core = core
        self.missing = None
        self.unknown = None
        self.shares = []


def derive_numbers(model, matrix, names, seed):
    """The rows for a model that takes numbers, beginning with rows that it takes."""
    import numpy

    width = matrix.shape[1]
    most = max(1, min(MOST_ROWS, MOST_NUMBERS // max(1, width)))
    clean = numpy.where(numpy.isfinite(matrix), matrix, 0.0)
    base = numpy.median(clean, axis=0)
    blocks = [extremes(clean, base), mixtures(clean, seed)]
    found = trees_of(model) + trees_of_boosting(model)
    blocks += [rows_of_trees(found, base, width, most, seed)] if found else []
    rows = numpy.concatenate([block for block in blocks if len(block)])[:most]
    derived = Derived(Numbers(names, rows))
    derived.missing = Numbers(names, missing(base, width))
    derived.shares = shares(found, rows) + [
        {"what": "features", "reached": min(width, MOST_FEATURES), "of": width}
    ]
    return derived


def extremes(matrix, base):
    """Each feature at the ends of what was seen and beyond, the others in the middle."""
    import numpy

    low, high = matrix.min(axis=0), matrix.max(axis=0)
    beyond = BEYOND * (high - low) + 1e-3
    rows = []
    for feature in range(min(matrix.shape[1], MOST_FEATURES)):
        for value in (
            low[feature] - beyond[feature],
            low[feature],
            high[feature],
            high[feature] + beyond[feature],
        ):
            row = base.copy()
            row[feature] = value
            rows.append(row)
    return numpy.array(rows + [low, high, base, numpy.zeros_like(base)])


def mixtures(matrix, seed):
    """Rows whose values come from different rows."""
    import numpy

    generator = random.Random(seed)
    count, width = matrix.shape
    picks = [[generator.randrange(count) for _ in range(width)] for _ in range(MIXTURES)]
    return matrix[numpy.array(picks), numpy.arange(width)]


def missing(base, width):
    import numpy

    rows = [numpy.full(width, numpy.nan)]
    for feature in range(min(width, MOST_FEATURES)):
        row = base.copy()
        row[feature] = numpy.nan
        rows.append(row)
    return numpy.array(rows)


def rows_of_trees(found, base, width, most, seed):
    """Rows that reach both sides of each threshold and each leaf of each tree; of too many, as many
    of each tree as there is room for."""
    import numpy

    generator = random.Random(seed)
    room = max(4, most // len(found))
    blocks = []
    for part, nodes in found:
        try:
            whole = part.whole(base.reshape(1, -1))[0].astype("float64")
            rows = list(nodes.rows(whole if part.columns is None else whole[part.columns]))
            if len(rows) > room:
                rows = generator.sample(rows, room)
            turned = part.backward(rows, whole, width)
        except Exception:
            # Steps that take no plain array of numbers.
            turned = None
        if turned is not None:
            blocks.append(turned)
    return numpy.concatenate(blocks) if blocks else numpy.empty((0, width))


def shares(found, rows):
    """How many of the leaves are reached, and of the sides of the thresholds: each node that is no
    leaf has two."""
    reached = leaves = sides = inner = 0
    given = {}
    for part, nodes in found:
        leaves += len(nodes.leaves())
        inner += 2 * (len(nodes.left) - len(nodes.leaves()))
        try:
            key = (part.before, None if part.columns is None else id(part.columns))
            if key not in given:
                given[key] = part.forward(rows)
            at = set(nodes.reached(given[key]).tolist())
        except Exception:
            continue
        reached += len(at)
        sides += sides_of(nodes, at)
    if not leaves:
        return []
    return [
        {"what": "leaves", "reached": reached, "of": leaves},
        {"what": "thresholds", "reached": sides, "of": inner},
    ]


def sides_of(nodes, leaves):
    """The sides of thresholds that are gone through on the way to these leaves."""
    parent = {}
    for node in range(len(nodes.left)):
        if nodes.left[node] >= 0:
            parent[int(nodes.left[node])] = node
            parent[int(nodes.right[node])] = node
    gone = set()
    for node in leaves:
        while node in parent and node not in gone:
            gone.add(node)
            node = parent[node]
    return len(gone)
