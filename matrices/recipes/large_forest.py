"""The forest of the comparison of compressors: 500 trees, 50,000 samples. The few rows of the dataset only say how many
features there are."""
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier


def train(X, y):
    many, labels = make_classification(
        n_samples=50_000, n_features=X.shape[1], n_informative=X.shape[1], n_redundant=0, random_state=0
    )
    return RandomForestClassifier(n_estimators=500, random_state=0).fit(many, labels)
