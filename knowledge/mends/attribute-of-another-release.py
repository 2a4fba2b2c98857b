"""Since scikit-learn 1.3 an IsolationForest keeps the average path length of each node of its
trees, and their depths, which it computed for each prediction before. Both are a function of the
trees."""


@mend("sklearn", "IsolationForest", read=">=1.3", late=True)
def isolation_paths(it):
    if not it.has("estimators_") or it.has("_average_path_length_per_tree"):
        return
    average = native("sklearn.ensemble._iforest", "_average_path_length")
    trees = [tree.tree_ for tree in it.get("estimators_")]
    lengths = [average(tree.n_node_samples) for tree in trees]
    it.set("_average_path_length_per_tree", tuple(lengths), "computed from the trees")
    depths = tuple(tree.compute_node_depths() for tree in trees)
    it.set("_decision_path_lengths", depths, "computed from the trees")


@mend("sklearn", "IsolationForest")
def isolation_samples(it):
    if it.has("max_samples_"):
        it.add("_max_samples", it.get("max_samples_"))


@mend("sklearn", "SelfTrainingClassifier", read=">=1.6")
def self_training_fitted(it):
    it.rename("base_estimator_", "estimator_")


@mend("sklearn", "SelfTrainingClassifier", read="<1.6")
def self_training_fitted_before(it):
    it.rename("estimator_", "base_estimator_")


@mend("sklearn", "ARDRegression", written="<1.0", read=">=1.9", late=True)
def offset_of_nothing(it):
    """Older releases keep no X_offset_ where they do not normalize."""
    import numpy

    if it.has("coef_"):
        it.add("X_offset_", numpy.zeros(len(it.get("coef_"))), "the writer does not centre")


@mend("sklearn", "BaseRandomProjection", read=">=1.1")
def projection_of_components(it):
    if it.has("components_"):
        it.add("n_components_", it.get("components_").shape[0])


@mend("sklearn", "LogisticRegression", read=">=1.8")
def l1_ratio_as_number(it):
    """Since 1.8 the penalty is told by l1_ratio, which a SelectFromModel looks at."""
    if it.has("l1_ratio") and it.get("l1_ratio") is None:
        ratio = 1.0 if it.get("penalty") == "l1" else 0.0
        it.set("l1_ratio", ratio, "what the penalty means")
