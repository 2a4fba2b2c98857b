"""CCA moved from sklearn.cross_decomposition._cca to ._pls in scikit-learn 0.24."""

moved(
    "sklearn.cross_decomposition._pls",
    "sklearn.cross_decomposition._cca",
    "sklearn.cross_decomposition.pls_",
    "sklearn.cross_decomposition.cca_",
)
