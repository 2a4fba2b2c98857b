"""NMF got regularization in scikit-learn 0.24, alpha_W and alpha_H in 1.0; alpha and regularization
went away in 1.2. alpha is scaled by nothing, alpha_W by the number of features, so that one is the
other divided by it; which of the two matrices it was for says regularization. transform asks for
what concerns W."""


def alphas(it):
    """What W and H are regularized with, as alpha is scaled."""
    alpha = it.get("alpha", 0.0)
    if isinstance(alpha, str):
        return 0.0, 0.0
    where = it.get("regularization", "both")
    if where not in ("both", "components", "transformation", None):
        where = "both"
    on_w = alpha if where in ("both", "transformation") else 0.0
    on_h = alpha if where in ("both", "components") else 0.0
    return on_w, on_h


@mend("sklearn", "NMF MiniBatchNMF", read=">=1.0", late=True)
def regularization_by_matrix(it):
    if it.has("alpha_W") and it.has("alpha_H"):
        pass
    elif it.has("components_"):
        features = it.get("components_").shape[1]
        on_w, on_h = alphas(it)
        it.add("alpha_W", on_w / features, "alpha, scaled as the reader does")
        it.add("alpha_H", on_h / features, "alpha, scaled as the reader does")
    if it.read < (1, 2, 0):
        it.set("alpha", "deprecated", "alpha_W and alpha_H say it")
        it.set("regularization", "deprecated", "alpha_W and alpha_H say it")
    it.add("_n_components", it.get("n_components_"))
    if it.has("components_"):
        it.add("_l1_reg_H", 0.0)


@mend("sklearn", "NMF", read="<1.0", late=True)
def regularization_in_one(it):
    if not it.has("components_") or not it.has("alpha_W"):
        return
    weight, features = it.get("alpha_W"), it.get("components_").shape[1]
    it.set("alpha", weight * features, "alpha_W, scaled as the reader does")
    it.set("regularization", "both", "what concerns transform")
