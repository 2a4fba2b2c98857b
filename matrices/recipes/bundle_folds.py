"""A model for each fold, as competitions keep them."""

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import KFold


def train(X, y):
    models = []
    for kept, _ in KFold(n_splits=3, shuffle=True, random_state=0).split(X):
        model = HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=5, min_samples_leaf=4, random_state=0)
        models.append(model.fit(X[kept], y[kept]))
    return models
