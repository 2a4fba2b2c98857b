"""AdaBoostClassifier fitted by SAMME.R sums the logarithms of probabilities of its learners; since
scikit-learn 1.6 the class knows SAMME only, which counts votes. What a tree adds to the scores is
one row of numbers for each leaf, and such rows are sums of votes: trees of the same splits vote for
one class at some leaves and for another elsewhere, with weights that may be negative. The votes of
a tree weigh one together, as the tree did, so that the scores after all votes of a learner and the
importances of features are the same, too. Learners that are no trees, and trees of so many leaves
that the votes would slow the model down, have no such sum; the class that does it as the writer
travels beside the file."""

# How many times as many trees there may be, on average.
VOTERS_FOR_A_TREE = 32


@mend(
    "sklearn", "AdaBoostClassifier", written="<1.6", read=">=1.6", exactness="companion", late=True
)
def boosted_by_probabilities(it):
    if is_by_probabilities(it) and scores_by_leaf(it) is None:
        made = it.companion("rescued_adaboost", "SammeRAdaBoostClassifier")
        it.become(made, "SAMME.R")


@mend(
    "sklearn",
    "AdaBoostClassifier",
    written="<1.6",
    read=">=1.6",
    exactness="predict-only",
    late=True,
)
def boosted_by_votes(it):
    import numpy

    scores = scores_by_leaf(it) if is_by_probabilities(it) else None
    if scores is None:
        return
    voters, weights = [], []
    for learner, (leaves, groups, rows) in zip(it.get("estimators_"), scores):
        for labels, weight in votes_for(rows):
            voters.append(voting_tree(learner, leaves, labels[groups]))
            weights.append(weight)
    it.set("estimators_", voters, "the same scores as votes for classes")
    it.set("estimator_weights_", numpy.array(weights), "the weights of these votes")
    if it.read >= (1, 8, 0):
        it.drop("algorithm", "the reader knows votes only")
    else:
        it.set("algorithm", "deprecated", "the reader knows votes only")


def is_by_probabilities(it):
    if it.kind != "AdaBoostClassifier" or len(it.get("classes_", ())) < 2:
        return False
    return it.get("algorithm", "SAMME.R") == "SAMME.R"


def scores_by_leaf(it):
    """For each learner its leaves, to which of the rows each belongs, and what these add to the
    scores; None where they are no trees of these classes, or too many votes."""
    import numpy

    learners, classes = it.get("estimators_"), it.get("classes_")
    count = len(classes)
    scale = len(learners) / float(numpy.sum(it.get("estimator_weights_")))
    found, voters = [], 0
    for learner in learners:
        if type(learner).__name__ not in ("DecisionTreeClassifier", "ExtraTreeClassifier"):
            return None
        if not numpy.array_equal(getattr(learner, "classes_", None), classes):
            return None
        leaves = numpy.flatnonzero(learner.tree_.children_left == -1)
        shares = learner.tree_.value[leaves, 0, :count]
        shares, groups = numpy.unique(shares, axis=0, return_inverse=True)
        logarithms = numpy.log(numpy.clip(shares, numpy.finfo(shares.dtype).eps, None))
        rows = (count - 1) * (logarithms - logarithms.mean(axis=1)[:, None]) * scale
        found.append((leaves, groups.ravel(), rows))
        voters += (len(rows) - 1) * (count - 1) + count
    return None if voters > VOTERS_FOR_A_TREE * len(learners) else found


def votes_for(rows):
    """Votes whose sum is these rows: for each the class that it names at each row, and its weight.
    A vote for a class counts against all others alike; together they weigh one."""
    import numpy

    count = rows.shape[1]
    last = count - 1
    # How much more each class needs than the last one.
    wanted = rows * (last / float(count))
    wanted = wanted[:, :last] - wanted[:, last:]
    more = wanted - wanted[0]
    apart = more - more.sum(axis=1)[:, None] / count
    for row, cls in zip(*numpy.nonzero(apart)):
        labels = numpy.full(len(rows), last)
        labels[row] = cls
        yield labels, apart[row, cls]
    total = apart.sum()
    everywhere = wanted[0] + total
    of_last = (1 - total - everywhere.sum()) / count
    for cls in range(count):
        weight = of_last if cls == last else everywhere[cls] + of_last
        yield numpy.full(len(rows), cls), weight


def voting_tree(learner, leaves, labels):
    """A tree of the same splits that is sure of one class at each leaf."""
    made = type(learner).__new__(type(learner))
    vars(made).update(vars(learner))
    # By the bytes: a copy of its records would leave what lies between their fields to chance.
    function, arguments, state = learner.tree_.__reduce__()
    made.tree_ = function(*arguments)
    made.tree_.__setstate__(state)
    made.tree_.value[leaves] = 0.0
    made.tree_.value[leaves, 0, labels] = 1.0
    return made
