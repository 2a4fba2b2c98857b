"""pandas 2 has no index classes for numbers: Int64Index and its kin became Index with the dtype of
its data. Before pandas 2 they are what an Index of numbers is."""

held("pandas.core.indexes.numeric")


@called("pandas.core.indexes.base", "_new_Index", always=True)
def index_of_numbers(cls, parts):
    if is_gone(cls) or "Index" not in cls.__name__:
        index = native("pandas", "Index")
        known = {key: parts[key] for key in ("data", "name", "dtype") if key in parts}
        return index(**known)
    return native("pandas.core.indexes.base", "_new_Index")(cls, parts)
