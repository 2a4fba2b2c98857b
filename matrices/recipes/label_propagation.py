"""Label propagation with half of the labels hidden."""

import numpy as np
from sklearn.semi_supervised import LabelPropagation


def train(X, y):
    hidden = np.array(y, dtype=int)
    hidden[::2] = -1
    return LabelPropagation(gamma=2.0, max_iter=300).fit(X, hidden)
