"""The whole of it: rows for a model, tried where it was made, and written as a dataset."""

from ..errors import InputsDoNotFit
from ..estimators import offered_outputs, works
from ..forms import ARRAY, CATEGORIES, FRAME, TEXTS
from ..inputs import Dataset
from .numbers import derive_numbers
from .tables import derive_table
from .texts import derive_texts


def derive(models, given, task):
    """Write rows that are derived from models to the task's output; gives what they are and reach,
    or None where nothing can be derived. `given` is for each model what it predicts on otherwise,
    in the form in which it takes that; several models of one file are given the same rows."""
    form, seed, output = given[0].form, task["seed"], task["output"]
    if any(dataset.form != form for dataset in given):
        return None
    if form == CATEGORIES:
        # The rows say themselves which of their columns are categories, and which ones those are.
        form = FRAME
    asked = [offered_outputs(model, dataset, seed) for model, dataset in zip(models, given)]
    derived = [derived_rows(model, dataset, seed) for model, dataset in zip(models, given)]
    derived = [one for one in derived if one is not None and len(one.core)]
    if not derived or not all(asked):
        return None

    def taken(rows):
        """The rows as a model takes them, where each of them does."""
        with open(output, "wb") as target:
            target.write(rows.encoded(form))
        for model, methods in zip(models, asked):
            own = Dataset(output)
            own.forms(model)
            own.take(own.header.get("form"))
            if not all(
                method.endswith("_") or works(model, method, own, seed) for method in methods
            ):
                return None
        return own

    parts = [one.core for one in derived if taken(one.core) is not None]
    calm = [one.calm for one in derived if not parts and one.calm is not None]
    parts += [rows for rows in calm if taken(rows) is not None]
    if not parts:
        return None
    facts = {"missing": False, "unknown": False}
    for kind in ("missing", "unknown") if task["gaps"] else ():
        for one in derived:
            rows = getattr(one, kind)
            if rows is not None and len(rows) and taken(rows) is not None:
                facts[kind] = True
                parts.append(rows)
    whole = parts[0].joined(parts[1:])
    own = taken(whole)
    if own is None:
        return None
    shares = summed(one.shares_of(whole, own.features()) for one in derived)
    facts.update(rows=len(whole), shares=shares)
    return facts


def summed(many):
    """Shares of several models as one of each kind."""
    found = []
    for share in (share for shares in many for share in shares):
        same = [known for known in found if known["what"] == share["what"]]
        if same and share["what"] == "features":
            # They are given the same columns.
            same[0].update(max(same[0], share, key=lambda one: one["of"]))
        elif same:
            same[0]["reached"] += share["reached"]
            same[0]["of"] += share["of"]
        else:
            found.append(dict(share))
    return found


def derived_rows(model, dataset, seed):
    """Rows of the kind that a model takes."""
    header = dataset.header
    if header["layout"] in ("none", "list", "synthetic") or header.get("shape") is not None:
        return None
    if not header["rows"]:
        return None
    if header["layout"] == "text" and dataset.form in (None, TEXTS):
        return derive_texts(model, header["columns"][0]["name"], dataset.features(), seed)
    if dataset.form not in (ARRAY, FRAME, CATEGORIES):
        return None
    if header["layout"] == "array" and dataset.form != CATEGORIES:
        import numpy

        matrix = numpy.array(dataset.table(), dtype="float64")
        if dataset.chosen is not None:
            matrix = matrix[:, dataset.chosen]
            names = [header["columns"][place]["name"] for place in dataset.chosen]
        else:
            names = dataset.renamed or [column["name"] for column in header["columns"]]
        if not matrix.shape[1]:
            raise InputsDoNotFit("there is no column")
        return derive_numbers(model, matrix, names, seed)
    return derive_table(model, dataset, seed)
