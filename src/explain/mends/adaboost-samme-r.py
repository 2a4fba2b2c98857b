"""AdaBoostClassifier fitted by SAMME.R sums the logarithms of probabilities of its learners; since
scikit-learn 1.6 the class knows SAMME only, which counts votes. No class of the reader does the
former, so it takes one of its own."""


@mend(
    "sklearn", "AdaBoostClassifier", written="<1.6", read=">=1.6", exactness="companion", late=True
)
def boosted_by_probabilities(it):
    if it.kind != "AdaBoostClassifier" or not it.has("estimators_"):
        return
    if it.get("algorithm", "SAMME.R") == "SAMME.R":
        made = it.companion("rescued_adaboost", "SammeRAdaBoostClassifier")
        it.become(made, "SAMME.R")
