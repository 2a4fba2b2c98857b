"""Self-training with two thirds of the labels hidden."""

import numpy as np
from sklearn.naive_bayes import GaussianNB
from sklearn.semi_supervised import SelfTrainingClassifier


def train(X, y):
    hidden = np.array(y, dtype=int)
    hidden[np.arange(len(hidden)) % 3 != 0] = -1
    return SelfTrainingClassifier(GaussianNB()).fit(X, hidden)
