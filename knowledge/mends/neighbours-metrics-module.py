"""Distance metrics moved from sklearn.neighbors to sklearn.metrics in scikit-learn 1.0.2; before
0.24 their module was not private yet."""

moved(
    "sklearn.metrics._dist_metrics",
    "sklearn.neighbors._dist_metrics",
    "sklearn.neighbors.dist_metrics",
)
