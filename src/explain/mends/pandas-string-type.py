"""Since pandas 3 texts have the type str, a StringDtype with a second argument, and are kept in an
array of their own. Earlier releases get them as objects, which is how they keep texts."""


@called("pandas.core.arrays.string_", "StringDtype", read="<3", always=True)
@called("pandas", "StringDtype", read="<3", always=True)
def string_type(storage=None, na_value=None):
    if na_value is None:
        return (
            native("pandas", "StringDtype")()
            if storage is None
            else native("pandas", "StringDtype")(storage)
        )
    return native("numpy", "dtype")("O")
