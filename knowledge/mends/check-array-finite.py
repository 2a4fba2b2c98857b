"""The argument force_all_finite of check_array became ensure_all_finite in scikit-learn 1.6. Hist
gradient boosting with categories keeps it in a FunctionTransformer, bound to the function."""

FINITE_NAMES = ("force_all_finite", "ensure_all_finite")


def finite_by_its_name_here(arguments):
    """The arguments with the name that the reader's check_array has; None where nothing changes."""
    check = native("sklearn.utils.validation", "check_array")
    here = FINITE_NAMES[1] if accepts(check, FINITE_NAMES[1]) else FINITE_NAMES[0]
    other = FINITE_NAMES[0] if here == FINITE_NAMES[1] else FINITE_NAMES[1]
    if not isinstance(arguments, dict) or other not in arguments:
        return None
    return {here if key == other else key: value for key, value in arguments.items()}


def checks_arrays(function):
    return function is native("sklearn.utils.validation", "check_array")


@mend("functools", "partial")
def bound_check_array(it):
    if type(it.state) is tuple and len(it.state) == 4 and checks_arrays(it.state[0]):
        arguments = finite_by_its_name_here(it.state[2])
        if arguments is not None:
            state = it.state[:2] + (arguments,) + it.state[3:]
            it.replace(state, "the argument of check_array by its name here")


@mend("sklearn", "FunctionTransformer")
def transformer_that_checks_arrays(it):
    if checks_arrays(it.get("func")):
        arguments = finite_by_its_name_here(it.get("kw_args"))
        if arguments is not None:
            it.set("kw_args", arguments, "by its name here")
