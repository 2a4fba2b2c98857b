"""Nearest neighbours by brute force that choose among equally near rows as numpy did before 2,
which compares one number at a time; later releases compare many at once and choose others.
This module has to be importable where a model of one of its classes is read; they are
scikit-learn's own but for that choice."""

import numpy as np
from sklearn import config_context
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    KNeighborsTransformer,
    LocalOutlierFactor,
    NearestNeighbors,
)

# numpy selects by looking for one minimum after another where fewer are wanted.
FEW = 4


def nearest(distances, count):
    """The places of the smallest `count` numbers of each row of an array of two dimensions."""
    chosen = np.argpartition(distances, count - 1, axis=1)[:, :count]
    last = np.take_along_axis(distances, chosen, axis=1).max(axis=1)
    for row in np.flatnonzero((distances <= last[:, None]).sum(axis=1) > count):
        chosen[row] = selected(distances[row].tolist(), count - 1)[:count]
    return chosen


def selected(values, kth):
    """Places, as many as values, so that the smallest up to `kth` come first: by a quick selection
    with the median of three for a pivot."""
    order = list(range(len(values)))
    low, high = 0, len(values) - 1
    if kth + 1 < FEW:
        for start in range(kth + 1):
            smallest = min(range(start, high + 1), key=lambda at: (values[order[at]], at))
            swap(order, start, smallest)
        return order
    while low + 1 < high:
        median_to_front(values, order, low, high)
        pivot = values[order[low]]
        left, right = low + 1, high
        while True:
            left += 1
            while values[order[left]] < pivot:
                left += 1
            right -= 1
            while pivot < values[order[right]]:
                right -= 1
            if right < left:
                break
            swap(order, left, right)
        swap(order, low, right)
        if right >= kth:
            high = right - 1
        if right <= kth:
            low = left
    if high == low + 1 and values[order[high]] < values[order[low]]:
        swap(order, high, low)
    return order


def median_to_front(values, order, low, high):
    """The median of the first, the middle and the last comes first, the least of them second, the
    greatest last."""
    middle = low + (high - low) // 2
    if values[order[high]] < values[order[middle]]:
        swap(order, high, middle)
    if values[order[high]] < values[order[low]]:
        swap(order, high, low)
    if values[order[low]] < values[order[middle]]:
        swap(order, low, middle)
    swap(order, middle, low + 1)


def swap(order, left, right):
    order[left], order[right] = order[right], order[left]


class _AsBefore(object):
    def _kneighbors_reduce_func(self, dist, start, n_neighbors, return_distance):
        rows = np.arange(dist.shape[0])[:, None]
        chosen = nearest(dist, n_neighbors)
        chosen = chosen[rows, np.argsort(dist[rows, chosen], kind="stable")]
        if not return_distance:
            return chosen
        far = dist[rows, chosen]
        return (np.sqrt(far) if self.effective_metric_ == "euclidean" else far), chosen

    def kneighbors(self, *arguments, **named):
        """The nearest neighbours."""
        # What computes distances and selects in one step has a choice of its own.
        with config_context(enable_cython_pairwise_dist=False):
            return super().kneighbors(*arguments, **named)


class _Predicting(_AsBefore):
    def predict(self, *arguments, **named):
        """What the class predicts."""
        with config_context(enable_cython_pairwise_dist=False):
            return super().predict(*arguments, **named)


class SteadyKNeighborsClassifier(_Predicting, KNeighborsClassifier):
    """KNeighborsClassifier with the choice of older releases."""

    def predict_proba(self, *arguments, **named):
        """The share of each class among the neighbours."""
        with config_context(enable_cython_pairwise_dist=False):
            return super().predict_proba(*arguments, **named)


class SteadyKNeighborsRegressor(_Predicting, KNeighborsRegressor):
    """KNeighborsRegressor with the choice of older releases."""


class SteadyKNeighborsTransformer(_AsBefore, KNeighborsTransformer):
    """KNeighborsTransformer with the choice of older releases."""


class SteadyNearestNeighbors(_AsBefore, NearestNeighbors):
    """NearestNeighbors with the choice of older releases."""


class SteadyLocalOutlierFactor(_AsBefore, LocalOutlierFactor):
    """LocalOutlierFactor with the choice of older releases."""
