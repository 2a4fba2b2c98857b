"""Hist gradient boosting renamed n_features_ and loss_ to private names in scikit-learn 0.24, and
counts its features as n_features_in_ since 1.0."""


@mend("sklearn", "BaseHistGradientBoosting", read=">=0.24")
def hist_names_to_private(it):
    it.rename("loss_", "_loss")
    it.rename("bin_mapper_", "_bin_mapper")
    it.rename("n_features_", "_n_features")
    if it.has("_n_features"):
        it.add("n_features_in_", it.get("_n_features"))
    elif it.has("n_features_in_"):
        it.add("_n_features", it.get("n_features_in_"))


@mend("sklearn", "BaseHistGradientBoosting", read="<0.24")
def hist_names_to_public(it):
    it.rename("_loss", "loss_")
    it.rename("_bin_mapper", "bin_mapper_")
    it.rename("_n_features", "n_features_")
    if it.has("n_features_in_"):
        it.add("n_features_", it.get("n_features_in_"))
