"""OneHotEncoder keeps _infrequent_enabled since scikit-learn 1.1 and _drop_idx_after_grouping since
1.2.2; its parameter sparse became sparse_output in 1.2. Without groups of rare categories, what is
dropped after grouping is what is dropped."""


@mend("sklearn", "OneHotEncoder")
def one_hot_parameters(it):
    cls = type(it.owner)
    if takes(cls, "sparse_output"):
        if it.has("sparse") and not it.has("sparse_output"):
            it.set("sparse_output", it.get("sparse"), "was sparse")
        if takes(cls, "sparse"):
            it.set("sparse", "deprecated", "it is sparse_output now")
        else:
            it.drop("sparse", "it is sparse_output now")
    elif it.has("sparse_output"):
        it.rename("sparse_output", "sparse")


@mend("sklearn", "OneHotEncoder", read=">=1.1")
def one_hot_groups(it):
    import numpy

    if not it.has("categories_"):
        return
    it.add("_infrequent_enabled", False, "the writer knows no infrequent categories")
    it.add("drop_idx_", None)
    dropped = it.get("drop_idx_")
    it.add("_drop_idx_after_grouping", dropped, "nothing is grouped")
    widths = [
        len(categories) - (dropped is not None and numpy.ravel(dropped)[index] is not None)
        for index, categories in enumerate(it.get("categories_"))
    ]
    it.add("_n_features_outs", widths, "a column a category")


@mend("sklearn", "OneHotEncoder", read="<1.1")
def one_hot_dropped(it):
    if it.has("categories_"):
        it.add("drop_idx_", None)
