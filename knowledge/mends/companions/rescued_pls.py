"""Partial least squares that were fitted on a target of one dimension and give a vector, as
scikit-learn does since 1.3.1. This module has to be importable where a model of one of its classes
is read; they are scikit-learn's own but for the shape of what they predict."""

import numpy as np
from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression


class _Flat(object):
    def predict(self, X, copy=True):
        """What the class predicts, as a vector."""
        return np.ravel(super().predict(X, copy=copy))


class FlatPLSRegression(_Flat, PLSRegression):
    """PLSRegression with a vector for a target."""


class FlatPLSCanonical(_Flat, PLSCanonical):
    """PLSCanonical with a vector for a target."""


class FlatCCA(_Flat, CCA):
    """CCA with a vector for a target."""
