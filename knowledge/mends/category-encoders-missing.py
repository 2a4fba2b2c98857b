"""Up to category_encoders 2.6.2 a fitted encoder does not find pandas.NA among its categories and
gives what it gives for one that it never saw. 2.6.3 makes it NaN first, so the number of NaN in the
file is set to what its writer gave. Columns of other types have NaN or None where values are
missing, which every release finds; they are left alone."""


@mend("category_encoders", "OrdinalEncoder", written="<2.6.3", read=">=2.6.3")
def missing_as_never_seen(it):
    mapping = it.get("mapping")
    if not isinstance(mapping, list):
        return
    if it.get("handle_unknown") not in ("value", "return_nan"):
        return
    unknown = -1 if it.get("handle_unknown") == "value" else float("nan")
    for switch in mapping:
        kind = type(switch.get("data_type")).__name__
        numbers = switch.get("mapping")
        if kind in NULLABLE and hasattr(numbers, "index"):
            changed = numbers.astype("float64") if unknown != unknown else numbers.copy()
            changed[changed.index.isna()] = unknown
            switch["mapping"] = changed
            it.said("%s: its missing values as the writer encodes them" % switch.get("col"))


NULLABLE = (
    "BooleanDtype StringDtype Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype UInt16Dtype "
    "UInt32Dtype UInt64Dtype Float32Dtype Float64Dtype"
).split()
