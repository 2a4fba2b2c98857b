"""A model with the parameters of one that was fitted on a GPU: the trees are those of a CPU, what the wrapper keeps is not."""

from xgboost import XGBClassifier


def train(X, y):
    fitted = XGBClassifier(n_estimators=8, max_depth=3, n_jobs=1, tree_method="hist").fit(X, y)
    return fitted.set_params(tree_method="gpu_hist", predictor="gpu_predictor", gpu_id=0)
