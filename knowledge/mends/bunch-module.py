"""Bunch is pickled as sklearn.utils._bunch.Bunch since scikit-learn 1.1, as sklearn.utils.Bunch
before."""

moved("sklearn.utils._bunch", "sklearn.utils")
