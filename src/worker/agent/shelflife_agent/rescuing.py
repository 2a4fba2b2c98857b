"""Rescue: a model of another release is read, mended and written again, and nothing is judged."""

import os
import tempfile
import warnings

from .archive import pack, unpack
from .bundles import estimators_in
from .errors import Missing, Unsupported
from .estimators import seed_everything
from .facts import MAX_TEXT, cut, error_fact, text_of
from .handlers import check_needs, handler, load_artifact, show_modules
from .inputs import Dataset
from .mending import mend_file
from .observing import suit
from .probing import derive


def mend(task, protocol, index):
    """Mend one artifact and write it to the task's output."""
    message = {"op": "result", "index": index}
    protocol.phase(index, "load")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            scope = handler(task["handler"])
            check_needs(scope, "LOAD_NEEDS")
            show_modules(task)
            message.update(mend_folder(task) if scope.get("FOLDER") else mend_file(task))
        except Unsupported as reason:
            message.update(outcome="inapplicable", reason=cut(text_of(reason), MAX_TEXT))
        except Missing as reason:
            message.update(outcome="unequipped", reason=cut(text_of(reason), MAX_TEXT))
        except BaseException as error:
            message.update(outcome="raised", phase="load", error=error_fact(error))
    return message


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
            # Of several estimators in one file each may take other rows.
            model = parts[0][1] if len(parts) == 1 else None
            if model is not None:
                dataset = suit(dict(task, methods=None), model, Dataset(task["inputs"]))
                message["probes"] = derive(model, dataset, task["seed"], task["output"])
        except Exception:
            pass
    return message
