"""Since scikit-learn 0.22 a fitted DummyClassifier stores the strategy in use as _strategy."""


@mend("sklearn", "DummyClassifier", read=">=0.22")
def strategy_in_use(it):
    if not it.has("n_classes_"):
        return
    word = it.get("strategy")
    it.add("_strategy", "stratified" if word == "warn" else word, "the parameter")
