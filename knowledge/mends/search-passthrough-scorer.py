"""A search without scoring keeps the default scorer: a function up to scikit-learn 1.2, an object
that holds the estimator since 1.3. It is not used when predicting; score calls the estimator's own
score through either."""

held("sklearn.metrics._scorer", "_passthrough_scorer _PassthroughScorer")
held("sklearn.metrics.scorer", "_passthrough_scorer")
held("sklearn.utils._metadata_requests")


@mend("sklearn", "BaseSearchCV RFECV SequentialFeatureSelector")
def default_scorer(it):
    scorer = it.get("scorer_")
    if not is_gone(scorer) or "passthrough" not in gone_name(scorer).lower():
        return
    if it.read >= (1, 3, 0):
        made = native("sklearn.metrics._scorer", "_PassthroughScorer")
        it.set("scorer_", made(it.get("best_estimator_", it.get("estimator"))), "the default")
    else:
        it.set("scorer_", native("sklearn.metrics._scorer", "_passthrough_scorer"), "the default")
