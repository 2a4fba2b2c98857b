"""Models of scikit-learn 1.1 and later keep losses of sklearn._loss.loss, which earlier releases do
not have. Generalized linear models need of it the link alone, which is made by its name; boosting
has mends of its own."""

held("sklearn._loss.link")
held("sklearn._loss.loss")
held("sklearn._loss._loss", "Cy*")
held("_loss", "Cy*")


@mend(
    "sklearn",
    "PoissonRegressor GammaRegressor TweedieRegressor _GeneralizedLinearRegressor",
    read="<1.1",
)
def link_of_linear_model(it):
    is_identity = it.get("link") == "identity" or (
        it.get("link", "auto") == "auto" and it.has("power") and it.get("power") <= 0
    )
    name = "IdentityLink" if is_identity else "LogLink"
    it.add("_link_instance", native("sklearn.linear_model._glm.link", name)())
    powers = {"PoissonRegressor": 1, "GammaRegressor": 2}
    power = it.get("power", powers.get(it.kind, 0))
    made = native("sklearn._loss.glm_distribution", "TweedieDistribution")
    it.add("_family_instance", made(power=power))
    it.drop("_base_loss", "the reader keeps a link and a distribution instead")
