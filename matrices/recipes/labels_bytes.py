"""Class names that are bytes."""

import numpy as np
from sklearn.naive_bayes import GaussianNB


def train(X, y):
    return GaussianNB().fit(X, np.array([str(label).encode("ascii") for label in y]))
