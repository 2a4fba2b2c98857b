"""The argument force_all_finite of check_array became ensure_all_finite in scikit-learn 1.6. Hist
gradient boosting with categories keeps it in a FunctionTransformer."""


@mend("sklearn", "FunctionTransformer")
def finite_by_its_name_here(it):
    kept = it.get("kw_args")
    check = native("sklearn.utils.validation", "check_array")
    if not isinstance(kept, dict) or it.get("func") is not check:
        return
    import inspect

    known = inspect.signature(check).parameters
    names = ("force_all_finite", "ensure_all_finite")
    for old, new in (names, names[::-1]):
        if old in kept and new in known and (old not in known or new == "ensure_all_finite"):
            arguments = {new if key == old else key: value for key, value in kept.items()}
            it.set("kw_args", arguments, "%s -> %s" % (old, new))
            return
