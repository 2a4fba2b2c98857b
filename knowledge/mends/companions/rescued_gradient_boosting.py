"""GradientBoostingClassifier whose first prediction is another model, computed as other releases of
scikit-learn do. Probabilities are kept away from 0 and 1 by the precision of float32 up to 1.7, of
float64 since 1.8; for several classes the mean of their logarithms is subtracted since 1.4. This
module has to be importable where a model of one of its classes is read; they are scikit-learn's own
but for that first prediction."""

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier


class _FirstPrediction(GradientBoostingClassifier):
    _precision = np.float32
    _is_centred = True

    def _raw_predict_init(self, X):
        self._check_initialized()
        X = self.estimators_[0, 0]._validate_X_predict(X, check_input=True)
        eps = np.finfo(self._precision).eps
        proba = np.clip(self.init_.predict_proba(X), eps, 1 - eps)
        if self.estimators_.shape[1] == 1:
            odds = np.log(proba[:, 1] / (1 - proba[:, 1]))
            factor = 0.5 if self.loss == "exponential" else 1.0
            return (factor * odds).reshape(-1, 1).astype(np.float64)
        raw = np.log(proba).astype(np.float64)
        if self._is_centred:
            raw = raw - raw.mean(axis=1)[:, np.newaxis]
        # Up to 1.2 predicting takes any array for one ordered by rows.
        return np.ascontiguousarray(raw)


class GradientBoostingFirstOf13(_FirstPrediction):
    """As up to scikit-learn 1.3."""

    _is_centred = False


class GradientBoostingFirstOf17(_FirstPrediction):
    """As in scikit-learn 1.4 to 1.7."""


class GradientBoostingFirstOf18(_FirstPrediction):
    """As since scikit-learn 1.8."""

    _precision = np.float64
