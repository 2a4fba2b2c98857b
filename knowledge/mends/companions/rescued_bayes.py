"""BayesianRidge and ARDRegression whose standard deviation is centred, as scikit-learn computes it
since 1.9. This module has to be importable where a model of one of its classes is read; they are
scikit-learn's own but for that deviation."""

import numpy as np
from sklearn.linear_model import ARDRegression, BayesianRidge


def _deviation(X, model, is_kept):
    centred = (np.asarray(X) - model.X_offset_)[:, is_kept]
    squared = (np.dot(centred, model.sigma_) * centred).sum(axis=1)
    return np.sqrt(squared + (1.0 / model.alpha_))


class CentredBayesianRidge(BayesianRidge):
    """BayesianRidge of scikit-learn 1.9."""

    def predict(self, X, return_std=False):
        """The mean of the prediction, and with `return_std` its standard deviation."""
        mean = BayesianRidge.predict(self, X)
        return (mean, _deviation(X, self, slice(None))) if return_std else mean


class CentredARDRegression(ARDRegression):
    """ARDRegression of scikit-learn 1.9."""

    def predict(self, X, return_std=False):
        """The mean of the prediction, and with `return_std` its standard deviation."""
        mean = ARDRegression.predict(self, X)
        is_kept = self.lambda_ < self.threshold_lambda
        return (mean, _deviation(X, self, is_kept)) if return_std else mean
