"""DictionaryLearning and SparseCoder have the parameter transform_max_iter since scikit-learn 0.22;
before, transform took 1000 iterations."""

given(
    "sklearn",
    "DictionaryLearning MiniBatchDictionaryLearning SparseCoder",
    transform_max_iter=1000,
)
