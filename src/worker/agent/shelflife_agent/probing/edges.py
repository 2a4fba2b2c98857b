"""Parts that put numbers into bins (`bin_edges_`) or ask whether they are above one (`threshold`):
what is beside each edge."""

from .walking import held, parts_with


class Edges(object):
    """The edges of each column that a part is given; `above` says that the edge itself belongs to
    what is above it."""

    def __init__(self, part, columns, above):
        self.part = part
        self.columns = columns
        self.above = above

    def rows(self, base):
        """A row for each side of each edge, each beginning as `base`."""
        for place, edges in enumerate(self.columns[: len(base)]):
            for edge in edges:
                for value in self.sides(edge):
                    row = base.copy()
                    row[place] = value
                    yield row

    def sides(self, edge):
        import numpy

        if self.above:
            return float(numpy.nextafter(edge, -numpy.inf)), float(edge)
        return float(edge), float(numpy.nextafter(edge, numpy.inf))

    def count(self):
        return 2 * sum(len(edges) for edges in self.columns)

    def reached(self, rows):
        """The sides next to an edge on which one of the rows lies: between it and the next edge."""
        count = 0
        for place, edges in enumerate(self.columns[: rows.shape[1]]):
            side = "right" if self.above else "left"
            bins = set(edges.searchsorted(rows[:, place], side=side).tolist())
            count += sum((edge in bins) + (edge + 1 in bins) for edge in range(len(edges)))
        return count


def edges_of(model):
    """The edges in a model."""
    import numpy

    found = []
    for part in parts_with(model, "bin_edges_"):
        columns = [numpy.asarray(edges, dtype="float64") for edges in part.owner.bin_edges_]
        # The outermost ones separate nothing.
        found.append(Edges(part, [edges[1:-1] for edges in columns], above=True))
    for part in parts_with(model, "threshold"):
        width = held(part.owner, "n_features_in_")
        threshold = held(part.owner, "threshold")
        if type(part.owner).__name__ == "Binarizer" and isinstance(width, int):
            columns = [numpy.array([float(threshold)])] * width
            found.append(Edges(part, columns, above=False))
    return found
