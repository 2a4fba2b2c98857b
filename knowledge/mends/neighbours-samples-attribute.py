"""Since scikit-learn 0.22 models of neighbours store n_samples_fit_, the number of rows that they
keep, and RadiusNeighborsClassifier the labels of outliers as outlier_label_."""


@mend("sklearn", "NeighborsBase", read=">=0.22")
def samples_fitted(it):
    if it.get("_fit_X") is not None:
        it.add("n_samples_fit_", it.get("_fit_X").shape[0])


@mend("sklearn", "RadiusNeighborsClassifier", written="<0.22", read=">=0.22")
def labels_of_outliers(it):
    if it.has("classes_"):
        outputs = len(it.get("classes_")) if it.get("outputs_2d_") else 1
        it.add("outlier_label_", [it.get("outlier_label")] * outputs, "the parameter")
