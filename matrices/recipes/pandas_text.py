"""A classifier that keeps a table with words beside its coefficients, as vocabularies and encoders do."""

import pandas as pd
from sklearn.linear_model import LogisticRegression


def train(X, y):
    fitted = LogisticRegression(max_iter=200, tol=1e-6).fit(X, y)
    fitted.words_ = pd.DataFrame({"word": ["alder", "birch", "cedar"], "count": [1, 2, 3]})
    return fitted
