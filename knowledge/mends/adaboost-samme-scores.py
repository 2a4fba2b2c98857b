"""Since the patch release 1.3.1 the scores of SAMME count a vote against the classes that a learner
did not choose; before, they counted nothing. The labels stay. Upwards, with two classes, the scores
are half as large: each learner gets as many votes for either class as it has itself, which say
nothing and weigh as much. With more classes the older scores sum to one, which the reader's never
do, so that a class of its own travels beside the file. Downwards the reader has SAMME.R, which
sums the logarithms of probabilities: a tree gets leaves whose logarithms are its vote. Learners
that are no trees ask for a class of their own in both directions."""

TREES_THAT_VOTE = ("DecisionTreeClassifier", "ExtraTreeClassifier")


def is_samme(it):
    if it.kind != "AdaBoostClassifier" or len(it.get("classes_", ())) < 2:
        return False
    return it.get("algorithm", "SAMME") in ("SAMME", "deprecated")


def is_of_votes_for_only(it):
    """Whether it says so itself: what it may lack is SAMME.R."""
    return is_samme(it) and it.get("algorithm") == "SAMME"


def are_trees(it):
    """Whether all learners are trees that know the classes of the model."""
    import numpy

    return all(
        type(learner).__name__ in TREES_THAT_VOTE
        and numpy.array_equal(getattr(learner, "classes_", None), it.get("classes_"))
        for learner in it.get("estimators_")
    )


def with_leaves(learner, value_of):
    """A tree of the same splits whose leaves have the values that a function gives the shares of
    each."""
    import numpy

    made = type(learner).__new__(type(learner))
    vars(made).update(vars(learner))
    # By the bytes: a copy of its records would leave what lies between their fields to chance.
    function, arguments, state = learner.tree_.__reduce__()
    made.tree_ = function(*arguments)
    made.tree_.__setstate__(state)
    leaves = numpy.flatnonzero(made.tree_.children_left == -1)
    shares = made.tree_.value[leaves, 0, :]
    made.tree_.value[leaves, 0, :] = value_of(shares)
    return made


def sure_of(cls):
    def value_of(shares):
        import numpy

        return numpy.eye(shares.shape[1])[numpy.full(len(shares), cls)]

    return value_of


def voters_of(it):
    """Each tree with two that vote for one class everywhere, and their weights."""
    voters, weights = [], []
    for learner, weight in zip(it.get("estimators_"), it.get("estimator_weights_")):
        voters += [learner, with_leaves(learner, sure_of(0)), with_leaves(learner, sure_of(1))]
        weights += [weight, weight / 2, weight / 2]
    return voters, weights


@mend(
    "sklearn",
    "AdaBoostClassifier",
    written="<1.3.1",
    read=">=1.3.1",
    exactness="companion",
    late=True,
)
def votes_for_only(it):
    if is_of_votes_for_only(it) and not (len(it.get("classes_")) == 2 and are_trees(it)):
        made = it.companion("rescued_adaboost", "VotesForAdaBoostClassifier")
        it.become(made, "scores that count votes for a class only")


@mend(
    "sklearn",
    "AdaBoostClassifier",
    written="<1.3.1",
    read=">=1.3.1",
    exactness="predict-only",
    late=True,
)
def votes_of_half_the_weight(it):
    import numpy

    if is_of_votes_for_only(it):
        voters, weights = voters_of(it)
        it.set("estimators_", voters, "votes for both classes beside those of each learner")
        it.set("estimator_weights_", numpy.array(weights), "scores that are half as large")


def votes_as_probabilities(it):
    """Trees whose probabilities are such that SAMME.R gives the scores of the writer, and
    weights."""
    import numpy

    weights = numpy.asarray(it.get("estimator_weights_"))[: len(it.get("estimators_"))]
    count = len(it.get("classes_"))
    # The scores are divided by the sum of the weights, so that their unit is free: with the largest
    # as one, no probability is too small.
    shares = weights / numpy.abs(weights).max()
    steps = shares * count / float((count - 1) ** 2)

    def value_of(step):
        def values(shares):
            chosen = numpy.eye(count)[shares.argmax(axis=1)]
            likely = numpy.exp(step * chosen)
            return likely / likely.sum(axis=1)[:, None]

        return values

    made = [with_leaves(one, value_of(step)) for one, step in zip(it.get("estimators_"), steps)]
    return made, shares


@mend(
    "sklearn",
    "AdaBoostClassifier",
    written=">=1.3.1",
    read="<1.3.1",
    exactness="companion",
    late=True,
)
def votes_for_and_against(it):
    if is_samme(it) and not are_trees(it):
        made = it.companion("rescued_adaboost", "VotesAgainstAdaBoostClassifier")
        it.become(made, "scores that count votes against the other classes")


@mend(
    "sklearn",
    "AdaBoostClassifier",
    written=">=1.3.1",
    read="<1.3.1",
    exactness="predict-only",
    late=True,
)
def votes_by_probabilities(it):
    if is_samme(it):
        trees, weights = votes_as_probabilities(it)
        it.set("estimators_", trees, "leaves whose probabilities are the votes")
        it.set("estimator_weights_", weights, "which SAMME.R divides by only")
        it.set("algorithm", "SAMME.R", "scores that are a sum over the classes, as the writer has")
