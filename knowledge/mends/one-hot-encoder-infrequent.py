"""OneHotEncoder groups infrequent categories since scikit-learn 1.1; earlier readers give a column
to each. A file whose groups are empty is the same model to them; any other one is refused."""


@mend("sklearn", "OneHotEncoder", written=">=1.1", read="<1.1")
def no_groups(it):
    groups = it.get("_infrequent_indices")
    if it.get("_infrequent_enabled") and any(group is not None for group in groups or ()):
        it.refuse("no-equivalent", what="categories that are grouped")
