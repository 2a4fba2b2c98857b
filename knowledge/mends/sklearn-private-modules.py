"""scikit-learn 0.22 made its modules private: sklearn.svm.classes became sklearn.svm._classes, and
most others alike. What got another name in that release or later is found where everybody imports
it from, the package that the module is in."""


@found_as
def with_an_underscore(module, name):
    if not module.startswith("sklearn.") or module.split(".")[-1].startswith("_"):
        return []
    head, last = module.rsplit(".", 1)
    return [(head + "._" + last, name), (head + "._" + last.rstrip("_"), name), (head, name)]
