"""Three classes as whole numbers, which every release of XGBoost takes."""

import numpy as np
from xgboost import XGBClassifier


def train(X, y):
    codes = np.unique(y, return_inverse=True)[1]
    return XGBClassifier(n_estimators=8, max_depth=3, n_jobs=1).fit(X, codes)
