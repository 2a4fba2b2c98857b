"""Since scikit-learn 1.4 a fitted ColumnTransformer has a FunctionTransformer where it lets columns
through, before it has the word 'passthrough' there. Either does nothing to the columns."""


def lets_through(names=None):
    kind = native("sklearn.preprocessing", "FunctionTransformer")
    wanted = dict(accept_sparse=True, check_inverse=False, feature_names_out="one-to-one")
    return kind(**{key: value for key, value in wanted.items() if takes(kind, key)})


def width_of_columns(columns):
    if isinstance(columns, slice) or isinstance(columns, str) or not hasattr(columns, "__len__"):
        return None
    values = list(columns)
    if values and all(isinstance(value, bool) for value in values):
        return sum(values)
    return len(values)


@mend("sklearn", "ColumnTransformer", read=">=1.4")
def words_to_transformers(it):
    made, is_new = [], False
    for name, transformer, columns in it.get("transformers_") or ():
        if isinstance(transformer, str) and transformer == "passthrough":
            transformer, is_new = lets_through(), True
            width = width_of_columns(columns)
            if width:
                transformer.n_features_in_ = width
        made.append((name, transformer, columns))
    if is_new:
        it.state["transformers_"] = made
        it.said("transformers_: FunctionTransformer in the place of 'passthrough'")


def was_declared(it, name):
    """Whether a transformer was declared to let its columns through."""
    declared = {entry[0]: entry[1] for entry in it.get("transformers") or ()}
    how = declared.get(name, it.get("remainder") if name == "remainder" else None)
    return isinstance(how, str) and how == "passthrough"


@mend("sklearn", "ColumnTransformer", written=">=1.4", read="<1.4")
def transformers_to_words(it):
    kept = it.get("transformers_") or ()
    made = [
        (name, "passthrough" if was_declared(it, name) else transformer, columns)
        for name, transformer, columns in kept
    ]
    if any(new[1] is not old[1] for new, old in zip(made, kept)):
        it.state["transformers_"] = made
        it.said("transformers_: 'passthrough' in the place of FunctionTransformer")
