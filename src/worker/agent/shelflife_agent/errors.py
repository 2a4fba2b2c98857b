"""The agent's own exceptions. They are known by the name of the package, whatever module they live
in."""

PACKAGE = __name__.partition(".")[0]


class Unsupported(Exception):
    """The format does not apply to this estimator or environment."""

    __module__ = PACKAGE


class Missing(Exception):
    """Something must be installed first; says what and how."""

    __module__ = PACKAGE


class Lacking(Exception):
    """The environment's scikit-learn has no such name."""

    __module__ = PACKAGE


class InputsDoNotFit(Exception):
    """The inputs are not those of this model."""

    __module__ = PACKAGE


class NotAModel(Exception):
    """What was loaded has nothing to predict with."""

    __module__ = PACKAGE
