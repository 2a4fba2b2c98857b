"""A chain over the indicator matrix of the classes."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import ClassifierChain


def train(X, y):
    classes = sorted(set(y))
    indicators = np.array([[int(label == name) for name in classes] for label in y])
    chain = ClassifierChain(LogisticRegression(max_iter=300), order=[2, 0, 1], random_state=0)
    return chain.fit(X, indicators)
