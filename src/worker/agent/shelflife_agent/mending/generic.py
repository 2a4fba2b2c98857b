"""The one mend that belongs to no cause: a parameter that the class has and the state lacks gets
its default. Those whose default is not what the writer did have mends of their own, which come
first."""

import inspect


def fill_parameters(patient):
    """For classes that name their parameters, as scikit-learn's estimators and those like them."""
    cls = type(patient.owner)
    if type(patient.state) is not dict or not patient.state:
        return
    if not hasattr(cls, "_get_param_names"):
        return
    for name, default in parameters_of(cls):
        if name not in patient.state and not hasattr(cls, name):
            patient.set(name, default, "the default of a parameter that its writer did not have")


def parameters_of(cls):
    """The parameters of a constructor that have a default. One that takes any keyword hands them on
    to that of a class that it inherits from."""
    found = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        init = getattr(base.__init__, "deprecated_original", base.__init__)
        try:
            parameters = list(inspect.signature(init).parameters.values())
        except (TypeError, ValueError):
            break
        for parameter in parameters:
            kinds = (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
            if parameter.kind in kinds and parameter.default is not parameter.empty:
                found.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return list(found.items())
