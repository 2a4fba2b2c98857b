"""Up to scikit-learn 1.0 generalized linear models keep a link and a distribution, since 1.1 a loss
that has both. It is made by the name of the model."""

held("sklearn.linear_model._glm.link")
held("sklearn._loss.glm_distribution")
GENERALIZED = (
    "PoissonRegressor GammaRegressor TweedieRegressor _GeneralizedLinearRegressor"
    " GeneralizedLinearRegressor"
)


def loss_of_linear_model(it):
    kinds = {"PoissonRegressor": "HalfPoissonLoss", "GammaRegressor": "HalfGammaLoss"}
    if it.kind in kinds:
        return native("sklearn._loss.loss", kinds[it.kind])()
    power, link = it.get("power", 0.0), it.get("link", "auto")
    is_log = link == "log" or (link == "auto" and power > 0)
    name = "HalfTweedieLoss" if is_log else "HalfTweedieLossIdentity"
    return native("sklearn._loss.loss", name)(power=power)


@mend("sklearn", GENERALIZED, read=">=1.1")
def base_loss_of_linear_model(it):
    if not it.has("_base_loss") or is_gone(it.get("_base_loss")):
        it.set("_base_loss", loss_of_linear_model(it), "by the name of the model")
    for key in ("_link_instance", "_family_instance"):
        it.drop(key, "_base_loss has both")
