"""OrdinalEncoder groups infrequent categories since scikit-learn 1.3; earlier readers give a number
to each. A file whose groups are empty is the same model to them, without the parameters that come
to nothing; any other one is refused."""


@mend("sklearn", "OrdinalEncoder", written=">=1.3", read="<1.3")
def ordinal_without_groups(it):
    groups = it.get("_infrequent_indices")
    if it.get("_infrequent_enabled") and any(group is not None for group in groups or ()):
        it.refuse("no-equivalent", what="categories that are grouped")
    for key in ("min_frequency", "max_categories"):
        if it.get(key, "") is None:
            it.drop(key, "it groups nothing")
