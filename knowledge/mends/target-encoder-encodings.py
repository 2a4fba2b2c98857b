"""Since scikit-learn 1.4 TargetEncoder keeps an encoding for each class of a target of several.
1.3 knows one for each column, which is the same for numbers and two classes."""


@mend("sklearn", "TargetEncoder", written=">=1.4", read="<1.4")
def one_encoding_a_column(it):
    if it.get("target_type_") == "multiclass":
        it.refuse("no-equivalent", what="a target of several classes")
