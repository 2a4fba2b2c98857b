"""The number of features is n_features_in_ since scikit-learn 1.0 and was n_features_ before, in
trees, forests, bagging, boosting, isolation forests and CategoricalNB."""

COUNTING = (
    "BaseDecisionTree BaseForest BaseBagging BaseGradientBoosting IsolationForest CategoricalNB"
)


@mend("sklearn", COUNTING, read=">=1.0")
def n_features_to_new_name(it):
    if not it.rename("n_features_", "n_features_in_") and it.has("n_features_"):
        it.drop("n_features_", "n_features_in_ says the same")


@mend("sklearn", COUNTING, read="<1.0")
def n_features_to_old_name(it):
    if it.has("n_features_in_"):
        it.add("n_features_", it.get("n_features_in_"))
