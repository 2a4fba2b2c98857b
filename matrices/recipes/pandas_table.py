"""A scaler that keeps a table of numbers and texts, as encoders of categories do."""

import pandas as pd
from sklearn.preprocessing import StandardScaler


def train(X, y):
    fitted = StandardScaler().fit(X)
    fitted.table_ = pd.DataFrame({"code": [1.5, 2.5], "name": ["a", "b"]})
    return fitted
