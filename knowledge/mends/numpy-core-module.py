"""numpy 2 calls its inner package numpy._core, numpy 1 numpy.core."""


@found_as
def numpy_inner(module, name):
    for old, new in (("numpy._core", "numpy.core"), ("numpy.core", "numpy._core")):
        if module == old or module.startswith(old + "."):
            return [(new + module[len(old) :], name)]
    return []
