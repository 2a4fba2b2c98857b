"""A column of whole numbers that LightGBM splits by category."""

from lightgbm import LGBMClassifier


def train(X, y):
    kinds = X.copy()
    kinds[:, 3] = (kinds[:, 3] * 4).astype(int) % 7
    fitted = LGBMClassifier(n_estimators=8, num_leaves=7, min_child_samples=5, n_jobs=1, random_state=0)
    return fitted.fit(kinds, y, categorical_feature=[3])
