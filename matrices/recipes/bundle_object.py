"""An object of a class of one's own that holds a model, an encoder and a threshold."""

from bundle_scorer import Scorer
from sklearn.preprocessing import OrdinalEncoder
from sklearn.svm import SVC


def train(X, y):
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(X)
    return Scorer(SVC(probability=True, random_state=0).fit(X, y), encoder, 0.5)
