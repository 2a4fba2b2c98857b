"""A transformer that keeps a function of the joblib that scikit-learn 0.20 carried along."""

from sklearn.externals.joblib import hashing
from sklearn.preprocessing import FunctionTransformer


class Kept(FunctionTransformer):
    """Pickled as a FunctionTransformer, which every release has."""

    def __reduce__(self):
        return FunctionTransformer, (), dict(self.__dict__, hasher=hashing.Hasher)


def train(X, y):
    return Kept(func=None, validate=True).fit(X, y)
