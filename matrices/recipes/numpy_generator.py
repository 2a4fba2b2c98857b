"""A fitted model that carries generators of numpy, as a sampler or a wrapper keeps them.

scikit-learn itself takes no `Generator`; people attach them to their estimators all the same.
"""

import numpy as np
from sklearn.naive_bayes import GaussianNB


def train(X, y):
    fitted = GaussianNB().fit(X, y)
    fitted.generator_ = np.random.default_rng(3)
    fitted.philox_ = np.random.Generator(np.random.Philox(5))
    fitted.legacy_ = np.random.RandomState(7)
    return fitted
