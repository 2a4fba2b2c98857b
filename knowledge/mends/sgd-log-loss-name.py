"""The loss log of SGDClassifier is log_loss since scikit-learn 1.1, squared_loss is squared_error
since 1.0. predict_proba looks at the name."""


@mend("sklearn", "BaseSGD", read=">=1.1")
def loss_log_to_new_word(it):
    words = {"log": "log_loss", "squared_loss": "squared_error"}
    if it.get("loss") in words:
        it.set("loss", words[it.get("loss")], "another word for it")


@mend("sklearn", "BaseSGD", read="<1.1")
def loss_log_to_old_word(it):
    words = {"log_loss": "log"}
    if it.read < (1, 0, 0):
        words["squared_error"] = "squared_loss"
    if it.get("loss") in words:
        it.set("loss", words[it.get("loss")], "another word for it")
