"""scipy 1.8 moved its sparse classes to private modules."""


@found_as
def sparse_elsewhere(module, name):
    if not module.startswith("scipy.sparse."):
        return []
    last = module.split(".")[-1]
    other = last[1:] if last.startswith("_") else "_" + last
    return [("scipy.sparse." + other, name)]
