"""Rescue: a model of another release is read, mended and written again, and nothing is judged."""

import os
import tempfile
import warnings

from .archive import pack, unpack
from .bundles import estimators_in
from .errors import InputsDoNotFit, Missing, Unsupported
from .estimators import offered_outputs, seed_everything
from .facts import MAX_TEXT, cut, error_fact, text_of
from .handlers import check_needs, handler, load_artifact, save_artifact, show_modules
from .inputs import Dataset
from .mending import mend_file
from .observing import suit
from .probing import derive, write_words


def mend(task, protocol, index):
    """Mend one artifact and write it to the task's output."""
    return told(mended, task, protocol, index)


def translate(task, protocol, index):
    """Read one artifact, and write what is in it to the task's output in another format."""
    return told(translated, task, protocol, index)


def told(what, task, protocol, index):
    """What came of something that is done to a file, or why nothing did."""
    message = {"op": "result", "index": index}
    protocol.phase(index, "load")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            message.update(what(task, protocol, index))
        except (Unsupported, InputsDoNotFit) as reason:
            message.update(outcome="inapplicable", reason=cut(text_of(reason), MAX_TEXT))
        except Missing as reason:
            message.update(outcome="unequipped", reason=cut(text_of(reason), MAX_TEXT))
        except BaseException as error:
            message.update(outcome="raised", phase="load", error=error_fact(error))
    return message


def mended(task, protocol, index):
    """Mend one artifact, whatever its format keeps it in."""
    scope = handler(task["handler"])
    check_needs(scope, "LOAD_NEEDS")
    show_modules(task)
    return mend_folder(task) if scope.get("FOLDER") else mend_file(task)


def mend_folder(task):
    """Mend the one pickle of a folder (MLflow's `model.pkl`), and leave the rest as it is."""
    folder = unpack(task["artifact"], tempfile.mkdtemp(prefix="artifact-", dir=os.getcwd()))
    pickles = [name for name in sorted(os.listdir(folder)) if name.endswith((".pkl", ".pickle"))]
    if len(pickles) != 1:
        raise Unsupported("the folder holds %d pickles, and one can be mended" % len(pickles))
    path = os.path.join(folder, pickles[0])
    mended = path + ".mended"
    facts = mend_file(dict(task, artifact=path, output=mended, handler="pickle", options={}))
    if facts["outcome"] == "mended":
        os.replace(mended, path)
        pack(folder, task["output"])
    return facts


def translated(task, protocol, index):
    """Read one artifact, and write it in another format."""
    seed_everything(task["seed"])
    thing = load_artifact(task)
    protocol.phase(index, "predict")
    return {"outcome": "translated", "held": write_otherwise(task, thing)}


def write_otherwise(task, thing):
    """Write something in another format; gives the outputs that the file holds, None for all."""
    saving = {"handler": task["to"], "options": task["to_options"], "path": task["output"]}
    if task["holds"] == "estimator":
        save_artifact(thing, saving, None)
        return None
    parts = estimators_in(thing)
    if not parts:
        raise Unsupported("there is no estimator in the file")
    if parts[0][0]:
        raise Unsupported(
            "the file holds more than one estimator alone (%s), and a file of this format holds one"
            % ", ".join(path for path, _ in parts[:4])
        )
    model, dataset = parts[0][1], Dataset(task["inputs"])
    if dataset.header["layout"] == "none":
        raise Unsupported("a translation is made with the help of rows that the model takes")
    dataset = suit(dict(task, methods=None), model, dataset)
    held = save_artifact(model, saving, dataset)
    if held is None:
        return None
    return [name for name in offered_outputs(model, dataset, task["seed"]) if name in held]


def probe(task, protocol, index):
    """Derive inputs from an artifact, and write them to the task's output. A model of which nothing
    can be derived has no probes, whatever it raises: its own cells say what is wrong with it."""
    message = {"op": "result", "index": index, "probes": None}
    protocol.phase(index, "load")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            seed_everything(task["seed"])
            parts = estimators_in(load_artifact(task))
            protocol.phase(index, "predict")
            models, given = [], []
            for _, model in parts:
                dataset = suited(task, model)
                if dataset is None:
                    continue
                # An encoder of labels beside a model takes no rows.
                if len(parts) == 1 or offered_outputs(model, dataset, task["seed"]):
                    models.append(model)
                    given.append(dataset)
            if models:
                message["probes"] = derive(models, given, task)
        except Exception:
            pass
    return message


def suited(task, model):
    """What a model predicts on in the form that it takes; of random numbers in the place of texts
    its own words. None where it takes nothing of it."""
    dataset = Dataset(task["inputs"])
    try:
        return suit(dict(task, methods=None), model, dataset)
    except InputsDoNotFit:
        if dataset.header["layout"] not in ("none", "synthetic"):
            return None
    with open(task["output"], "wb") as target:
        if not write_words(model, target):
            return None
    return suit(dict(task, methods=None), model, Dataset(task["output"]))
