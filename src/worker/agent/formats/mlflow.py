# MLflow: a folder with `MLmodel`, requirements, environment files and the model itself.
LOAD_NEEDS = [("sklearn", "scikit-learn"), ("mlflow", "mlflow-skinny"), ("pandas", "pandas")]
SAVE_NEEDS = [("mlflow", "mlflow-skinny"), ("pandas", "pandas")]
PRELOAD = ["mlflow.sklearn"]
FOLDER = True


def save(estimator, path, options, dataset):
    import mlflow.sklearn
    import sklearn

    settings = {}
    if options.get("serialization") is not None:
        settings["serialization_format"] = options["serialization"]
    if options.get("trust") is not None:
        settings["skops_trusted_types"] = options["trust"]
    # Without requirements of our own MLflow would start processes to find them out.
    mlflow.sklearn.save_model(
        estimator, path, pip_requirements=["scikit-learn==%s" % sklearn.__version__], **settings
    )


def load(path, options):
    import mlflow.sklearn

    return mlflow.sklearn.load_model(path)
