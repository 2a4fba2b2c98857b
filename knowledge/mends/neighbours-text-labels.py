"""From scikit-learn 1.3 to 1.8 neighbours classifiers by brute force with weights='uniform' count
classes in compiled code that takes whole numbers only; None means the same weights, and such models
count where any label can be."""


@mend(
    "sklearn",
    "KNeighborsClassifier RadiusNeighborsClassifier",
    read=">=1.3,<1.9",
    late=True,
)
def weights_that_count_texts(it):
    labels = it.get("classes_")
    if it.get("_fit_method") != "brute" or it.get("weights") != "uniform":
        return
    if getattr(getattr(labels, "dtype", None), "kind", "i") in "OUS":
        it.set("weights", None, "the same weights; 'uniform' takes no texts here")
