"""LogisticRegression fitted with multi_class='multinomial' on two classes, whose probabilities are
softmax; scikit-learn gives them up to 1.7. This module has to be importable where a model of one of
its classes is read; its classes are scikit-learn's own but for predict_proba."""

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV


class _Softmax(object):
    def predict_proba(self, X):
        """Softmax over the two classes."""
        scores = self.decision_function(X)
        return softmax(np.c_[-scores, scores], axis=1)

    def predict_log_proba(self, X):
        """Its logarithm."""
        return np.log(self.predict_proba(X))


class SoftmaxLogisticRegression(_Softmax, LogisticRegression):
    """LogisticRegression with softmax over two classes."""


class SoftmaxLogisticRegressionCV(_Softmax, LogisticRegressionCV):
    """LogisticRegressionCV with softmax over two classes."""
