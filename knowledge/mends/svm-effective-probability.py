"""Since scikit-learn 1.9 support vector classifiers keep as _effective_probability whether they
give probabilities; the parameter probability may be a word there, which earlier releases take
for true."""


@mend("sklearn", "BaseLibSVM", read=">=1.9")
def effective_probability(it):
    if isinstance(it.get("probability"), bool):
        it.add("_effective_probability", it.get("probability"))


@mend("sklearn", "BaseLibSVM", read="<1.9")
def probability_in_parameter(it):
    if it.has("_effective_probability") and not isinstance(it.get("probability"), bool):
        it.set("probability", bool(it.get("_effective_probability")), "what the word came to")
