"""Paths through binary trees. A row goes left where its value is not larger than the threshold; the
rows here are made so that each side of each threshold and each leaf is reached by one."""


class Nodes(object):
    """A tree: for each node its children (-1 for a leaf's), its feature and its threshold.
    `narrow` says that values are compared as float32."""

    def __init__(self, left, right, feature, threshold, narrow):
        self.left, self.right = left, right
        self.feature, self.threshold = feature, threshold
        self.narrow = narrow

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
            goes_left = rows[some, self.feature[node]] <= self.threshold[node]
            at[some] = numpy.where(goes_left, self.left[node], self.right[node])

    def targets(self):
        """What is to be reached: (node, intervals by feature), both sides of thresholds and each
        leaf."""
        waiting = [(0, {})]
        while waiting:
            node, bounds = waiting.pop()
            if self.left[node] < 0:
                yield node, bounds, None
                continue
            feature, threshold = int(self.feature[node]), float(self.threshold[node])
            low, high = bounds.get(feature, (None, None))
            yield node, bounds, (feature, threshold)
            to_left = with_bound(bounds, feature, low, least(threshold, high))
            to_right = with_bound(bounds, feature, most(threshold, low), high)
            waiting.append((int(self.left[node]), to_left))
            waiting.append((int(self.right[node]), to_right))

    def rows(self, base):
        """Rows that reach both sides of each threshold and each leaf, each beginning as `base`."""
        for _, bounds, split in self.targets():
            row = base.copy()
            for feature, (low, high) in bounds.items():
                row[feature] = self.between(low, high, row[feature])
            if split is None:
                yield row
                continue
            feature, threshold = split
            for value in self.sides(threshold):
                beside = row.copy()
                beside[feature] = value
                yield beside

    def sides(self, threshold):
        """The largest value that goes left, and the smallest that goes right."""
        import numpy

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


def with_bound(bounds, feature, low, high):
    bounds = dict(bounds)
    bounds[feature] = (low, high)
    return bounds


def least(value, other):
    return value if other is None else min(value, other)


def most(value, other):
    return value if other is None else max(value, other)
