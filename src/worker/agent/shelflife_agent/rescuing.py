"""Rescue: a model of another release is read, mended and written again, and nothing is judged."""

import os
import tempfile
import warnings

from .archive import pack, unpack
from .errors import Missing, Unsupported
from .facts import MAX_TEXT, cut, error_fact, text_of
from .handlers import check_needs, handler, show_modules
from .mending import mend_file


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
