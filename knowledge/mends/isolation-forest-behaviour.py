"""Up to scikit-learn 0.21 an IsolationForest with behaviour='old', the default, decides by a
threshold beside its offset; since 0.22 by the offset alone. With both in one, predict gives the
same labels, while decision_function is moved by the threshold. 0.20 also scales the scores by
another average depth, which the reader does not."""


@mend("sklearn", "IsolationForest", written="<0.22", read=">=0.22", exactness="predict-only")
def threshold_in_offset(it):
    if not it.has("estimators_"):
        return
    if it.written < (0, 21, 0):
        it.refuse("no-equivalent", what="scores by another average depth")
    threshold = it.get("_threshold_")
    if it.get("behaviour", "old") in ("old", "warn") and threshold is not None:
        it.set("offset_", it.get("offset_") + threshold, "with the threshold of its writer")
        it.drop("_threshold_", "it is part of offset_")
        it.said("decision_function is moved by the threshold; predict and score_samples are not")
