"""OrdinalEncoder groups infrequent categories since scikit-learn 1.3. What earlier readers do not
know is refused by the mend of one-hot-encoder-infrequent, which both encoders share; here the
parameters that come to nothing are left out."""


@mend("sklearn", "OrdinalEncoder", written=">=1.3", read="<1.3")
def ordinal_without_groups(it):
    for key in ("min_frequency", "max_categories"):
        if it.get(key, "") is None:
            it.drop(key, "it groups nothing")
