"""Since pandas 3 texts have the type str, a StringDtype with a second argument, and are kept in an
array of their own. Earlier releases keep texts as objects, with NaN where one is missing, which is
what the newer array holds inside. The older type `string`, with NA, is made anew."""


@remade("pandas.core.arrays.string_", "StringDtype", read="<3", always=True)
@remade("pandas", "StringDtype", read="<3", always=True)
def string_type(gone):
    if gone.state is None and not gone.args:
        return None
    missing = gone.args[1] if len(gone.args) > 1 else None
    if isinstance(missing, float):
        return native("numpy", "dtype")("O")
    return native("pandas", "StringDtype")()


@called("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked", read="<3", always=True)
def backed_array(cls, checksum, state):
    if not is_gone(cls):
        return native("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked")(cls, checksum, state)
    made = cls()
    made.state = state
    return made


@remade("pandas.core.arrays.string_", "StringArray", read="<3", always=True)
@remade("pandas.arrays", "StringArray", read="<3", always=True)
def array_of_texts(gone):
    if not isinstance(gone.state, tuple) or len(gone.state) < 2:
        return None
    kind, values = gone.state[:2]
    if not hasattr(values, "dtype"):
        kind, values = values, kind
    if getattr(kind, "kind", "") == "O" and not hasattr(kind, "storage"):
        return values
    return native("pandas", "array")(values, dtype="string")


@called("pandas._libs.internals", "_unpickle_block", read="<3", always=True)
def block_of_texts(values, placement, ndim):
    """A block of objects in a table has two dimensions, one of texts in pandas 3 has one."""
    if ndim == 2 and type(values).__name__ == "ndarray" and values.ndim == 1:
        values = values.reshape(1, -1)
    return native("pandas._libs.internals", "_unpickle_block")(values, placement, ndim)


@mend("pandas", "NDArrayBacked", read="<3")
def state_of_three_parts(it):
    """Categories and the like have a state of two parts where earlier releases expect three, the
    last of them for attributes that there are none of."""
    if isinstance(it.state, tuple) and len(it.state) == 2:
        it.replace(it.state + ({},), "a third part, for no attributes")
