"""KBinsDiscretizer that puts what lies just below an edge into the bin above it, as scikit-learn
does up to 1.0. This module has to be importable where a model of its class is read, which is
scikit-learn's own but for that."""

import copy

import numpy as np
from sklearn.preprocessing import KBinsDiscretizer


def past(value):
    """What releases up to 1.0 compare with the edges."""
    return value + (1e-8 + 1e-5 * abs(value))


def first_past(edge):
    """The smallest number that they take for at least the edge."""
    low, high = edge - (1e-7 + 2e-5 * abs(edge)), edge
    while True:
        middle = low + (high - low) / 2
        if not low < middle < high:
            # The two are neighbours now.
            return low if past(low) >= edge else high
        low, high = (low, middle) if past(middle) >= edge else (middle, high)


class TolerantKBinsDiscretizer(KBinsDiscretizer):
    """KBinsDiscretizer with the tolerance of older releases; its edges are those of its fit."""

    def transform(self, X):
        """The bins of each row."""
        moved = copy.copy(self)
        moved.bin_edges_ = np.empty(len(self.bin_edges_), dtype=object)
        for column, edges in enumerate(self.bin_edges_):
            inner = [first_past(float(edge)) for edge in edges[1:-1]]
            moved.bin_edges_[column] = np.concatenate([edges[:1], inner, edges[-1:]])
        return KBinsDiscretizer.transform(moved, X)
