"""KMeans stands in sklearn.cluster._kmeans since scikit-learn 0.22.1, in _k_means in 0.22.0, in
k_means_ before."""

moved("sklearn.cluster._kmeans", "sklearn.cluster._k_means", "sklearn.cluster.k_means_")
