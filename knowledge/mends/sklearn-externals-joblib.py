"""Up to scikit-learn 0.20 joblib was carried along as sklearn.externals.joblib. What files name of
it, the mark of arrays above all, joblib itself has."""


@found_as
def joblib_itself(module, name):
    if module == "sklearn.externals.joblib" or module.startswith("sklearn.externals.joblib."):
        return [(module[len("sklearn.externals.") :], name)]
    return []
