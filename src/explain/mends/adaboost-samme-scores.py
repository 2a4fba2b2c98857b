"""Since the patch release 1.3.1 the scores of SAMME count a vote against the classes that a learner
did not choose. The labels stay. To give the scores of the other side, it takes a class of its own;
only models that offer scores need it, and all do."""


def is_samme(it):
    if it.kind != "AdaBoostClassifier" or not it.has("estimators_"):
        return False
    return it.get("algorithm", "SAMME") in ("SAMME", "deprecated")


@mend(
    "sklearn",
    "AdaBoostClassifier",
    written="<1.3.1",
    read=">=1.3.1",
    exactness="companion",
    late=True,
)
def votes_for_only(it):
    if is_samme(it) and it.has("algorithm"):
        made = it.companion("rescued_adaboost", "VotesForAdaBoostClassifier")
        it.become(made, "scores that count votes for a class only")


@mend(
    "sklearn",
    "AdaBoostClassifier",
    written=">=1.3.1",
    read="<1.3.1",
    exactness="companion",
    late=True,
)
def votes_for_and_against(it):
    if is_samme(it):
        made = it.companion("rescued_adaboost", "VotesAgainstAdaBoostClassifier")
        it.become(made, "scores that count votes against the other classes")
