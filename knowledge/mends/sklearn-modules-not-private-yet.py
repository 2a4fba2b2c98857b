"""scikit-learn before 0.22 has no modules with an underscore: the same name without one, or the
package that the module is in, where everybody imports it from."""


@found_as
def without_an_underscore(module, name):
    if not module.startswith("sklearn.") or not module.split(".")[-1].startswith("_"):
        return []
    head, last = module.rsplit(".", 1)
    return [(head + "." + last[1:], name), (head + "." + last[1:] + "_", name), (head, name)]
