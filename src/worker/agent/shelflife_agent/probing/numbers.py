"""Rows of numbers: extremes, mixtures, missing values, and those that trees ask for."""

import random

from .boosting import trees_of as trees_of_boosting
from .edges import edges_of
from .encoding import Numbers
from .trees import trees_of
from .walking import parts_with

# Numbers that are made at most, and rows.
MOST_NUMBERS = 3000000
MOST_ROWS = 8000
MIXTURES = 400
# Rows that a model of neighbours has kept and that are taken.
MOST_KEPT = 100
# Features whose extremes are tried, each alone.
MOST_FEATURES = 400
# How far beyond what was seen.
BEYOND = 0.5


class Derived(object):
    """Blocks of rows: those that have to work, and those that a model may refuse."""

    def __init__(self, core):
        self.core = core
        # What is taken where the core is not: nothing beyond what was seen.
        self.calm = None
        self.missing = None
        self.unknown = None
        self.shares = []

    def shares_of(self, rows, features):
        """What all of the rows that are taken reach; `features` are these as the model takes
        them."""
        return self.shares


class DerivedNumbers(Derived):
    """Rows of numbers, whose way through trees can be followed."""

    def __init__(self, core, trees, edges):
        super(DerivedNumbers, self).__init__(core)
        self.trees, self.edges = trees, edges

    def shares_of(self, rows, features):
        return shares(self.trees, self.edges, rows.matrix) + self.shares


def derive_numbers(model, matrix, names, seed):
    """The rows for a model that takes numbers, beginning with rows that it takes."""
    import numpy

    width = matrix.shape[1]
    most = max(1, min(MOST_ROWS, MOST_NUMBERS // max(1, width)))
    clean = numpy.where(numpy.isfinite(matrix), matrix, 0.0)
    base = numpy.median(clean, axis=0)
    blocks = [extremes(clean, base), mixtures(clean, seed), between_neighbours(model, base, width)]
    trees, edges = trees_of(model) + trees_of_boosting(model), edges_of(model)
    gaps = [missing(base, width)]
    for makers, target in (
        ([(edge.part, edge.rows) for edge in edges], blocks),
        ([(part, rows_alone(nodes)) for part, nodes in trees], blocks),
        ([(part, nodes.missing_rows) for part, nodes in trees], gaps),
    ):
        if makers:
            target.append(rows_of_parts(makers, base, width, most, seed))
    core = numpy.concatenate([block for block in blocks if len(block)])
    has_gap = numpy.isnan(core).any(axis=1)
    gaps.append(core[has_gap])
    derived = DerivedNumbers(Numbers(names, core[~has_gap][:most]), trees, edges)
    derived.calm = Numbers(names, blocks[1])
    derived.missing = Numbers(names, numpy.concatenate(gaps)[:most])
    derived.shares = [{"what": "features", "reached": min(width, MOST_FEATURES), "of": width}]
    return derived


def rows_alone(nodes):
    """What makes the rows of a tree, without what each of them has to hold."""
    return lambda base: (row for row, _ in nodes.rows(base))


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


def between_neighbours(model, base, width):
    """Rows that a model of neighbours has kept, and the middle between two of them, where both are
    equally near."""
    import numpy

    blocks = []
    for part in parts_with(model, "_fit_X"):
        kept = part.owner._fit_X
        if part.columns is not None or type(kept).__name__ != "ndarray" or kept.ndim != 2:
            continue
        some = numpy.asarray(kept[:MOST_KEPT], dtype="float64")
        turned = None
        try:
            both = numpy.concatenate([some, (some[1:] + some[:-1]) / 2])
            turned = part.backward(both, part.whole(base.reshape(1, -1))[0], width)
        except Exception:
            # Steps that take no plain array of numbers.
            pass
        if turned is not None:
            blocks.append(turned)
    return numpy.concatenate(blocks) if blocks else numpy.empty((0, width))


def rows_of_parts(makers, base, width, most, seed):
    """The rows that parts ask for, which `makers` make of what the parts are given for `base`; of
    too many, as many of each part as there is room for."""
    import numpy

    generator = random.Random(seed)
    room = max(4, most // len(makers))
    blocks = []
    for part, make in makers:
        try:
            whole = numpy.asarray(part.whole(base.reshape(1, -1))[0], dtype="float64")
            rows = list(make(whole if part.columns is None else whole[part.columns]))
            if len(rows) > room:
                rows = generator.sample(rows, room)
            turned = part.backward(rows, whole, width) if rows else None
        except Exception:
            # Steps that take no plain array of numbers.
            turned = None
        if turned is not None:
            blocks.append(turned)
    return numpy.concatenate(blocks) if blocks else numpy.empty((0, width))


def shares(trees, edges, rows):
    """How many of the leaves are reached, and of the sides of the thresholds: each node that is no
    leaf has two, and so has each edge of a bin."""
    reached = leaves = sides = inner = 0
    given = {}

    def rows_for(part):
        key = (part.before, None if part.columns is None else id(part.columns))
        if key not in given:
            given[key] = part.forward(rows)
        return given[key]

    for part, nodes in trees:
        leaves += len(nodes.leaves())
        inner += 2 * (len(nodes.left) - len(nodes.leaves()))
        try:
            at = set(nodes.reached(rows_for(part)).tolist())
        except Exception:
            continue
        reached += len(at)
        sides += sides_of(nodes, at)
    for edge in edges:
        inner += edge.count()
        try:
            sides += edge.reached(rows_for(edge.part))
        except Exception:
            continue
    found = []
    if leaves:
        found.append({"what": "leaves", "reached": reached, "of": leaves})
    if inner:
        found.append({"what": "thresholds", "reached": sides, "of": inner})
    return found


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
