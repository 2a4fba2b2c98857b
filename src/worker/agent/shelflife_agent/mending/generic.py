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
    """The parameters of a constructor that have a default."""
    init = getattr(cls.__init__, "deprecated_original", cls.__init__)
    try:
        parameters = inspect.signature(init).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        (parameter.name, parameter.default)
        for parameter in parameters
        if parameter.kind in kinds and parameter.default is not parameter.empty
    ]
