"""RidgeClassifier stores classes_ since scikit-learn 1.8; before, it asked its label binarizer."""


@mend("sklearn", "RidgeClassifier RidgeClassifierCV", read=">=1.8")
def ridge_classes(it):
    if it.has("_label_binarizer"):
        it.add("classes_", it.get("_label_binarizer").classes_, "those of the label binarizer")


@mend("sklearn", "RidgeClassifier RidgeClassifierCV", read="<1.8")
def ridge_classes_computed(it):
    if not it.has("classes_") or "classes_" not in vars_of(type(it.owner)):
        return
    it.drop("classes_", "the reader computes it from the label binarizer")


def vars_of(cls):
    return {name for base in cls.__mro__ for name in vars(base)}
