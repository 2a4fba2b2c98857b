"""Gradient boosting keeps its loss as _loss since scikit-learn 1.1 and as loss_ before. The words
for losses changed as well; the old ones are no longer known since 1.3."""

BOOSTING_WORDS = {"deviance": "log_loss", "ls": "squared_error", "lad": "absolute_error"}


@mend("sklearn", "BaseGradientBoosting", read=">=1.1")
def boosting_loss_to_new_name(it):
    it.rename("loss_", "_loss")
    if it.get("loss") in BOOSTING_WORDS:
        it.set("loss", BOOSTING_WORDS[it.get("loss")], "another word for it")


@mend("sklearn", "BaseGradientBoosting", read="<1.1")
def boosting_loss_to_old_name(it):
    it.rename("_loss", "loss_")
    older = {new: old for old, new in BOOSTING_WORDS.items()}
    if it.get("loss") == "log_loss" or (it.read < (1, 0, 0) and it.get("loss") in older):
        it.set("loss", older[it.get("loss")], "another word for it")


@mend("sklearn", "BaseGradientBoosting", read=">=1.4")
def boosting_counts_its_trees(it):
    if it.has("estimators_"):
        it.add("n_trees_per_iteration_", it.get("estimators_").shape[1])
