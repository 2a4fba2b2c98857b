"""How other tools carry a model from one release to another. Two of them write a format of their
own where the model was made, one reads the pickle. Python 3.6 syntax."""

import json
import os


def carried(tool, estimator, path):
    """Write a model as a tool does, in the release that made it."""
    if tool == "sklearn-migrator":
        import sklearn_migrator

        with open(path + ".migrator", "w") as stream:
            json.dump(sklearn_migrator.serialize(estimator), stream)
    elif tool == "skeights":
        import skeights

        skeights.save(estimator, path + ".safetensors", path + ".json")


def loaded(tool, path):
    """A model as a tool reads it."""
    if tool == "compat_load":
        from pyod.utils.persistence import compat_load

        return compat_load(path, trusted=True)
    if tool == "sklearn-migrator":
        import sklearn_migrator

        with open(path + ".migrator") as stream:
            return sklearn_migrator.deserialize(json.load(stream))
    import skeights

    return skeights.load(path + ".safetensors", path + ".json")


def ready(tool):
    """Import a tool once, before the forks."""
    if tool == "compat_load":
        import pyod.utils.persistence  # noqa: F401
    elif tool == "sklearn-migrator":
        import sklearn_migrator  # noqa: F401
    else:
        import skeights  # noqa: F401


def clear(path):
    """Remove what an earlier run wrote."""
    for ending in (".migrator", ".safetensors", ".json"):
        if os.path.exists(path + ending):
            os.unlink(path + ending)
