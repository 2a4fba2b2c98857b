"""A classifier that keeps words in an array of pyarrow, as tables that were read from Parquet do."""

import pandas as pd
from sklearn.linear_model import LogisticRegression


def train(X, y):
    fitted = LogisticRegression(max_iter=200, tol=1e-6).fit(X, y)
    fitted.words_ = pd.Series(["alder", "birch", None], dtype="string[pyarrow]")
    return fitted
