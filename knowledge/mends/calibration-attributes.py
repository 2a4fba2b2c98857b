"""The calibrated classifiers inside a CalibratedClassifierCV have classes and calibrators since
scikit-learn 0.24 (classes_ and calibrators_ before), and estimator since 1.2 (base_estimator
before)."""


@mend("sklearn", "_CalibratedClassifier")
def calibrated_names(it):
    if it.read >= (1, 2, 0):
        it.rename("base_estimator", "estimator")
    else:
        it.rename("estimator", "base_estimator")
    if it.read >= (0, 24, 0):
        it.rename("calibrators_", "calibrators")
        if it.get("classes", "") is None:
            it.drop("classes", "classes_ says what they are")
        it.rename("classes_", "classes")
        it.drop("label_encoder_", "the reader counts classes itself")
        return
    it.rename("calibrators", "calibrators_")
    it.rename("classes", "classes_")
    if not it.has("label_encoder_") and it.has("classes_"):
        encoder = native("sklearn.preprocessing", "LabelEncoder")()
        it.set("label_encoder_", encoder.fit(it.get("classes_")), "of the same classes")
        it.add("classes", it.get("classes_"))


@mend("sklearn", "CalibratedClassifierCV", read=">=0.24", late=True)
def calibrated_as_ensemble(it):
    it.add("ensemble", True, "what the writer does")
