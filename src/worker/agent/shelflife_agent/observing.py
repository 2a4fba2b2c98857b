"""Cells: load an artifact and compute its outputs."""

import time
import warnings

from .bundles import DATA, SEPARATOR, alone, data_in, estimators_in, wanted_of
from .errors import InputsDoNotFit, Missing, NotAModel, Unsupported
from .estimators import (
    METHODS,
    call_output,
    methods_of,
    offered_outputs,
    offers,
    predicts_labels,
    seed_everything,
    works,
)
from .facts import MAX_NAME, MAX_TEXT, class_name, cut, error_fact, text_of, warning_facts
from .handlers import load_artifact
from .inputs import Dataset
from .outputs import encode_output


def observe(task, protocol, peak, index):
    """Load one artifact and compute its outputs: (message, payload)."""
    dataset = Dataset(task["inputs"], task["arrays"])
    message = {"op": "result", "index": index}
    peak.start()
    outputs, place = [], {"phase": "load", "method": None}
    protocol.phase(index, "load")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        try:
            seed_everything(task["seed"])
            estimator = load_artifact(task)
            message["load_seconds"] = time.perf_counter() - start
            protocol.phase(index, "predict")
            place["phase"], start = "predict", time.perf_counter()
            compute(task, estimator, dataset, place, outputs)
            message["predict_seconds"] = time.perf_counter() - start
            message.update(
                outcome="predicted", form=place.get("form"), made_up=place.get("made_up")
            )
        except Unsupported as reason:
            message.update(outcome="inapplicable", reason=cut(text_of(reason), MAX_TEXT))
        except Missing as reason:
            message.update(outcome="unequipped", reason=cut(text_of(reason), MAX_TEXT))
        except NotAModel as reason:
            says = cut(text_of(reason), MAX_TEXT)
            message.update(outcome="unfit", unfit="not-a-model", reason=says)
        except InputsDoNotFit as reason:
            message.update(outcome="unfit", unfit="inputs", reason=cut(text_of(reason), MAX_TEXT))
        except BaseException as error:
            message.update(place, outcome="raised", error=error_fact(error))
    message["warnings"] = warning_facts(caught)
    message["peak_rss_bytes"] = peak.read()
    if message["outcome"] not in ("predicted", "raised"):
        return message, b""
    message["outputs"], payload = joined(outputs)
    return message, payload


def compute(task, loaded, dataset, place, outputs):
    """Every output that is asked for, added to `outputs`; `place` says which one is being
    computed."""
    is_bundle = any(SEPARATOR in name for name in task["methods"] or ())
    is_plain = not task.get("outside") and not is_bundle
    if is_plain or dataset.header["layout"] == "none":
        return compute_one(task, loaded, dataset, place, outputs)
    parts = estimators_in(loaded)
    if not parts:
        kind = class_name(type(loaded))
        raise NotAModel("the file holds a %s, which has nothing to predict with" % kind)
    estimator = parts[0][1] if not parts[0][0] else alone(parts, task["methods"])
    if estimator is None:
        compute_parts(task, parts, place, outputs)
        return compute_data(task["methods"], loaded, outputs)
    by_path = [name for name in task["methods"] or () if parts[0][0] and SEPARATOR in name]
    if by_path:
        # Some of what is compared is expected, and the rest is what its producer said of each part.
        compute_parts(dict(task, methods=by_path), parts, place, outputs)
        compute_data(by_path, loaded, outputs)
        plain = [name for name in task["methods"] if SEPARATOR not in name]
        task = dict(task, methods=plain)
    dataset = suit(task, estimator, dataset)
    place["form"] = dataset.form
    if dataset.width_from is not None:
        place["made_up"] = {"columns": dataset.width, "from": cut(dataset.width_from, MAX_NAME)}
    compute_one(task, estimator, dataset, place, outputs)


def compute_one(task, estimator, dataset, place, outputs, path=""):
    """The outputs of one estimator, named by its path in what was loaded."""
    labels = predicts_labels(estimator)
    begin = path + SEPARATOR if path else ""
    first = None
    for method in with_classes(task, estimator, methods_of(task, estimator, dataset)):
        if first is None:
            place["method"] = begin + method
        try:
            seed_everything(task["seed"])
            encoded = encode_output(method, call_output(estimator, method, dataset), labels)
            outputs.extend((begin + name, facts, data) for name, facts, data in encoded)
        except Exception as error:
            # What the others give is compared all the same.
            first = error if first is None else first
    if first is not None:
        raise first


def with_classes(task, estimator, methods):
    """Outputs of a file from outside, with the classes that tell what its labels mean: who expects
    labels has not asked for them."""
    is_judged = any(name in ("predict", "predict_proba", "decision_function") for name in methods)
    if not task.get("outside") or not is_judged or "classes_" in methods:
        return methods
    if offers(estimator, "classes_") and predicts_labels(estimator):
        return list(methods) + ["classes_"]
    return methods


def compute_parts(task, parts, place, outputs):
    """The outputs of each estimator of several. What is asked for has to work; where nobody has
    said what, an estimator on whose inputs nothing works is left out: an encoder of labels takes
    no rows."""
    failed = None
    for path, estimator in parts:
        wanted = wanted_of(task["methods"], path)
        if wanted == []:
            continue
        dataset = Dataset(task["inputs"], task["arrays"])
        try:
            own = dict(task, methods=wanted, form=None, columns=None)
            dataset = suit(own, estimator, dataset)
        except InputsDoNotFit as reason:
            if wanted is not None:
                raise
            failed = failed or InputsDoNotFit("%s: %s" % (path, reason))
            continue
        asked = wanted or offered_outputs(estimator, dataset, task["seed"])
        if not asked and offers(estimator, "classes_"):
            # An encoder of labels takes no rows; what it knows are the labels.
            asked = ["classes_"]
        if asked:
            part = dict(task, methods=asked)
            compute_one(part, estimator, dataset, place, outputs, path)
        else:
            failed = failed or InputsDoNotFit("%s: nothing works on these inputs" % path)
    if not outputs and failed is not None:
        raise failed


def compute_data(methods, loaded, outputs):
    """What stands beside estimators in a file and is no estimator: compared value by value."""
    for path, value in data_in(loaded):
        name = path + SEPARATOR + DATA
        if methods is None or name in methods:
            for own, facts, data in encode_output(DATA, value, True):
                outputs.append((path + SEPARATOR + own, dict(facts, kind="label"), data))


def suit(task, estimator, dataset):
    """The inputs of a file from outside in the form that its model takes, and of the width that it
    takes where they are made up. Where it is not told which, the first one counts in which any
    output can be had."""
    asked = task["methods"]
    if asked is None:
        asked = [name for name in METHODS if offers(estimator, name)]
    first = None
    for columns, told_by in dataset.widths(estimator, task.get("columns")):
        tried = dataset if columns is None else Dataset(task["inputs"], task.get("arrays"))
        tried.width, tried.width_from = columns, told_by
        forms, trouble = tried.forms(estimator)
        if task.get("form") is not None:
            tried.take(task["form"])
            return tried
        first = first or (tried, forms[0], trouble)
        for form in forms:
            tried.take(form)
            if not asked or any(works(estimator, name, tried, task["seed"]) for name in asked):
                return tried
    tried, form, trouble = first
    if trouble is not None:
        raise InputsDoNotFit(trouble)
    tried.take(form)
    return tried


def joined(outputs):
    """The facts of outputs, each with its place in the payload, and the payload."""
    described, position = [], 0
    for name, facts, data in outputs:
        described.append(dict(facts, name=name, offset=position, length=len(data)))
        position += len(data)
    return described, b"".join(data for _, _, data in outputs)
