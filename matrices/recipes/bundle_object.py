"""An object with a model, an encoder, a threshold and a history as its attributes."""

from types import SimpleNamespace

from sklearn.preprocessing import OrdinalEncoder
from sklearn.svm import SVC


def train(X, y):
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(X)
    model = SVC(probability=True, random_state=0).fit(X, y)
    return SimpleNamespace(model=model, encoder=encoder, threshold=0.5, history=[0.71, 0.74])
