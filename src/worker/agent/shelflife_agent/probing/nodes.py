"""Paths through binary trees. A row goes left where its value is not larger than the threshold, or
where its category is one of those that go left; the rows here are made so that each side of each
split and each leaf is reached by one."""

# What no row can hold.
NOTHING = frozenset()
INFINITY = float("inf")


class Nodes(object):
    """A tree: for each node its children (-1 for a leaf's), its feature and its threshold.
    `narrow` says that values are compared as float32, `missing` of each node whether a missing
    value goes left there. `categories` has the codes that go left by nodes that ask for one, and
    `known` all that there are by feature: any other one counts as missing."""

    def __init__(
        self, left, right, feature, threshold, narrow, missing=None, categories=None, known=None
    ):
        self.left, self.right = left, right
        self.feature, self.threshold = feature, threshold
        self.narrow = narrow
        self.missing = missing
        self.categories = categories or {}
        self.known = known or {}

    def leaves(self):
        return [node for node in range(len(self.left)) if self.left[node] < 0]

    def reached(self, rows):
        """The leaf of each row."""
        import numpy

        rows = rows.astype("float32") if self.narrow else rows
        at = numpy.zeros(len(rows), dtype="int64")
        every = numpy.arange(len(rows))
        while True:
            inner = self.left[at] >= 0
            if not inner.any():
                return at
            some, node = every[inner], at[inner]
            goes_left = self.goes_left(rows[some, self.feature[node]], node)
            at[some] = numpy.where(goes_left, self.left[node], self.right[node])

    def goes_left(self, values, nodes):
        """Whether each value goes left at its node."""
        import numpy

        left = values <= self.threshold[nodes]
        gap = values != values
        for node in set(nodes.tolist()).intersection(self.categories):
            here = nodes == node
            left[here] = numpy.isin(values[here], list(self.categories[node]))
            gap[here] |= ~numpy.isin(values[here], list(self.known_at(node)))
        if gap.any():
            left[gap] = False if self.missing is None else self.missing[nodes[gap]]
        return left

    def known_at(self, node):
        return self.known.get(int(self.feature[node]), self.categories[node])

    def targets(self):
        """Each node with what a row has to hold to get there: by feature an interval or a set of
        codes, and whether a missing value gets there as well."""
        waiting = [(0, {})]
        while waiting:
            node, bounds = waiting.pop()
            yield node, bounds
            if self.left[node] < 0:
                continue
            to_left, to_right = self.split(node, bounds)
            waiting.append((int(self.left[node]), to_left))
            waiting.append((int(self.right[node]), to_right))

    def split(self, node, bounds):
        """What a row has to hold to go left at a node that it has come to, and to go right."""
        feature = int(self.feature[node])
        held, gap = bounds.get(feature, (None, self.missing is not None))
        gap_left = bool(gap and self.missing[node])
        if node in self.categories:
            held = frozenset(self.known_at(node)) if held is None else held
            left = held & frozenset(self.categories[node])
            right = held - left
        elif held == NOTHING:
            left = right = NOTHING
        else:
            low, high = held or (None, None)
            threshold = float(self.threshold[node])
            left = self.interval(low, least(threshold, high))
            right = self.interval(most(threshold, low), high)
        return (
            bounded(bounds, feature, (left, gap_left)),
            bounded(bounds, feature, (right, bool(gap and not gap_left))),
        )

    def interval(self, low, high):
        """The numbers that are larger than `low` and not larger than `high`, where there are
        any."""
        if low == INFINITY:
            return NOTHING
        if low is None or high is None or self.sides(low)[1] <= self.sides(high)[0]:
            return (low, high)
        return NOTHING

    def rows(self, base):
        """Rows that reach both sides of each split and each leaf, each beginning as `base`, with
        the intervals that each has to be in."""
        for node, bounds in self.targets():
            if self.left[node] < 0:
                row = self.row_within(bounds, base)
                if row is not None:
                    yield row, intervals_of(bounds)
                continue
            feature = int(self.feature[node])
            for place, side in enumerate(self.split(node, bounds)):
                row = self.row_within(side, base)
                if row is None:
                    # What two splits ask for contradicts itself: nothing gets there.
                    continue
                if node not in self.categories and side[feature][0] != NOTHING:
                    value = self.sides(self.threshold[node])[place]
                    low, high = side[feature][0]
                    if (low is None or value > low) and (high is None or value <= high):
                        row[feature] = value if abs(value) != INFINITY else row[feature]
                yield row, intervals_of(side)

    def missing_rows(self, base):
        """Rows that come to each split with a missing value, where one gets there."""
        for node, bounds in self.targets():
            if self.left[node] < 0:
                continue
            feature = int(self.feature[node])
            if not bounds.get(feature, (None, self.missing is not None))[1]:
                continue
            row = self.row_within(bounds, base)
            if row is not None:
                row[feature] = float("nan")
                yield row

    def row_within(self, bounds, base):
        """A row that holds what it has to, as near to `base` as that goes; None where nothing
        can."""
        row = base.copy()
        for feature, (held, gap) in bounds.items():
            if held == NOTHING:
                if not gap:
                    return None
                row[feature] = float("nan")
            elif isinstance(held, frozenset):
                if row[feature] not in held:
                    row[feature] = min(held)
            else:
                row[feature] = self.between(held[0], held[1], row[feature])
        return row

    def sides(self, threshold):
        """The largest value that goes left, and the smallest that goes right."""
        import numpy

        threshold = float(threshold)
        if not self.narrow:
            return threshold, float(numpy.nextafter(threshold, numpy.inf))
        near = numpy.float32(threshold)
        if float(near) > threshold:
            near = numpy.nextafter(near, numpy.float32(-numpy.inf))
        return float(near), float(numpy.nextafter(near, numpy.float32(numpy.inf)))

    def between(self, low, high, value):
        """A value that is larger than `low` and not larger than `high`; `value` where it is."""
        if (low is None or value > low) and (high is None or value <= high) and not self.narrow:
            return value
        if low is None:
            return value if high is None or value <= self.sides(high)[0] else self.sides(high)[0]
        least_value = self.sides(low)[1]
        if high is None:
            return value if value >= least_value else least_value
        most_value = self.sides(high)[0]
        if least_value <= value <= most_value:
            return value
        middle = least_value + (most_value - least_value) / 2
        return middle if least_value <= middle <= most_value else least_value


def intervals_of(bounds):
    """The intervals that a row has to be in, by feature."""
    return {feature: held for feature, (held, _) in bounds.items() if isinstance(held, tuple)}


def bounded(bounds, feature, bound):
    bounds = dict(bounds)
    bounds[feature] = bound
    return bounds


def least(value, other):
    return value if other is None else min(value, other)


def most(value, other):
    return value if other is None else max(value, other)
