"""sklearn.ensemble.voting_classifier became sklearn.ensemble.voting in scikit-learn 0.21 and
_voting in 0.22."""

moved(
    "sklearn.ensemble._voting",
    "sklearn.ensemble.voting",
    "sklearn.ensemble.voting_classifier",
)
