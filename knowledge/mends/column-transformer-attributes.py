"""ColumnTransformer keeps private attributes that other releases do not write: _n_features and
_feature_names_in up to scikit-learn 0.24, _transformer_to_input_indices since 1.0,
_name_to_fitted_passthrough in 1.2 and 1.3. Each follows from the transformers and their columns."""


@mend("sklearn", "ColumnTransformer", read=">=0.24", late=True)
def number_of_columns(it):
    if it.has("_n_features"):
        it.add("n_features_in_", it.get("_n_features"))


@mend("sklearn", "ColumnTransformer", read="<1.0", late=True)
def number_of_columns_before(it):
    if it.has("n_features_in_"):
        it.add("_n_features", it.get("n_features_in_"))
    it.add("_df_columns", it.get("feature_names_in_"))
    it.add("_feature_names_in", it.get("feature_names_in_"))
    it.add("_has_str_cols", False)
    it.add("_feature_names_in", None)


def indices_of(columns, count, names):
    """Columns as whole numbers."""
    if callable(columns):
        return None
    if isinstance(columns, slice):
        if isinstance(columns.start, str) or isinstance(columns.stop, str):
            names = list(names)
            first = 0 if columns.start is None else names.index(columns.start)
            last = count if columns.stop is None else names.index(columns.stop) + 1
            return list(range(first, last))
        return list(range(count))[columns]
    values = [columns] if isinstance(columns, (str, int)) else list(columns)
    if values and all(isinstance(value, bool) or kind_of_flag(value) for value in values):
        return [index for index, value in enumerate(values) if value]
    if any(isinstance(value, str) for value in values):
        known = list(names if names is not None else ())
        return [known.index(value) for value in values] if known else None
    return [int(value) % count for value in values]


def kind_of_flag(value):
    return type(value).__name__ in ("bool_", "bool")


@mend("sklearn", "ColumnTransformer", read=">=1.0", late=True)
def indices_by_transformer(it):
    if it.has("_transformer_to_input_indices") or not it.has("transformers_"):
        return
    names = it.get("feature_names_in_", it.get("_feature_names_in"))
    if it.get("n_features_in_") is None:
        return
    if names is not None:
        it.add("feature_names_in_", names)
    count = int(it.get("n_features_in_"))
    found = {}
    for name, _, columns in it.get("transformers_"):
        indices = indices_of(columns, count, names)
        found[name] = columns if indices is None else indices
    it.set("_transformer_to_input_indices", found, "computed from the columns")


@mend("sklearn", "ColumnTransformer", read=">=1.2,<1.4", late=True)
def passthrough_by_name(it):
    if it.has("_name_to_fitted_passthrough") or not it.has("transformers_"):
        return
    kind = native("sklearn.preprocessing", "FunctionTransformer")
    wanted = dict(accept_sparse=True, check_inverse=False, feature_names_out="one-to-one")
    arguments = {key: value for key, value in wanted.items() if takes(kind, key)}
    found = {
        name: kind(**arguments)
        for name, transformer, _ in it.get("transformers_")
        if isinstance(transformer, str) and transformer == "passthrough"
    }
    it.set("_name_to_fitted_passthrough", found, "transformers that do nothing")
