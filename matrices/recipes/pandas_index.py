"""A scaler that keeps its columns as a pandas index of integers."""

import pandas as pd
from sklearn.preprocessing import StandardScaler


def train(X, y):
    fitted = StandardScaler().fit(X)
    fitted.columns_ = pd.Index([3, 1, 2])
    return fitted
