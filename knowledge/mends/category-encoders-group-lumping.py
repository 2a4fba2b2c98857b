"""category_encoders 2.11 asks every encoder which small groups were lumped together: none, where an
earlier release fitted it. The number of columns is called _dim up to 2.6.0."""


@mend("category_encoders", "BaseEncoder", read=">=2.11")
def no_groups_lumped(it):
    if not it.has("_dim") and not it.has("n_features_in_"):
        return
    it.add("min_group_lumping_", {}, "its writer lumps no groups together")
    if it.has("_dim"):
        it.add("n_features_in_", it.get("_dim"), "the number of columns under its older name")
