"""ColumnTransformer of scikit-learn 1.5 and 1.6 keeps the columns of its remainder in a list class
of its own, which only warns. Other releases take a plain list."""

held("sklearn.compose._column_transformer", "_RemainderColsList")


def as_plain_list(value):
    if is_gone(value):
        return list(gone_state(value).get("data", value.items))
    if isinstance(value, tuple):
        return tuple(as_plain_list(part) for part in value)
    if type(value) is list:
        return [as_plain_list(part) for part in value]
    return value


def holds_gone(value):
    if isinstance(value, (tuple, list)):
        return any(holds_gone(part) for part in value)
    return is_gone(value) and gone_name(value) == "_RemainderColsList"


@mend("sklearn", "ColumnTransformer")
def remainder_as_list(it):
    for key in ("_remainder", "transformers_", "_columns", "transformers"):
        if holds_gone(it.get(key)):
            it.set(key, as_plain_list(it.get(key)), "plain lists of columns")
    columns = it.get("_transformer_to_input_indices")
    if columns and any(holds_gone(value) for value in columns.values()):
        plain = {name: as_plain_list(value) for name, value in columns.items()}
        it.set("_transformer_to_input_indices", plain, "plain lists of columns")
