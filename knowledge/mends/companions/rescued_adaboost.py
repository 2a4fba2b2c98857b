"""AdaBoostClassifier as other releases of scikit-learn evaluate it. This module has to be
importable where a model of one of its classes is read; its classes are scikit-learn's own but
for the scores."""

import numpy as np
from sklearn.ensemble import AdaBoostClassifier


class _Scored(AdaBoostClassifier):
    """Scores as a sum over the learners, of what each of them says of each class."""

    def _said(self, learner, weight, X):
        raise NotImplementedError

    def _checked(self, X):
        # 0.22 has no such method, and its learners check what they are given.
        return self._check_X(X) if hasattr(self, "_check_X") else X

    def _in_form(self, scores):
        """Two classes have one score."""
        if self.n_classes_ == 2:
            return scores[:, 1] - scores[:, 0]
        return scores

    def decision_function(self, X):
        """The score of each class; of two classes the difference."""
        X = self._checked(X)
        if self.n_classes_ == 1:
            return np.zeros(X.shape[0])
        total = sum(
            self._said(learner, weight, X)
            for learner, weight in zip(self.estimators_, self.estimator_weights_)
        )
        return self._in_form(total / self.estimator_weights_.sum())

    def staged_decision_function(self, X):
        """The same after each learner."""
        X = self._checked(X)
        total, weights = 0.0, 0.0
        for learner, weight in zip(self.estimators_, self.estimator_weights_):
            total = total + self._said(learner, weight, X)
            weights += weight
            yield self._in_form(total / weights)


class SammeRAdaBoostClassifier(_Scored):
    """SAMME.R, up to scikit-learn 1.5: learners say the logarithms of their probabilities."""

    def _said(self, learner, weight, X):
        proba = learner.predict_proba(X)
        logarithms = np.log(np.clip(proba, np.finfo(proba.dtype).eps, None))
        mean = (1.0 / self.n_classes_) * logarithms.sum(axis=1)[:, np.newaxis]
        return (self.n_classes_ - 1) * (logarithms - mean)


class VotesForAdaBoostClassifier(_Scored):
    """SAMME up to scikit-learn 1.3.0: a learner's vote counts for its class only."""

    def _said(self, learner, weight, X):
        return (learner.predict(X) == self.classes_[:, np.newaxis]).T * weight


class VotesAgainstAdaBoostClassifier(_Scored):
    """SAMME since scikit-learn 1.3.1: a learner's vote counts against the other classes."""

    def _said(self, learner, weight, X):
        is_chosen = (learner.predict(X) == self.classes_[:, np.newaxis]).T
        return np.where(is_chosen, weight, -1 / (self.n_classes_ - 1) * weight)
