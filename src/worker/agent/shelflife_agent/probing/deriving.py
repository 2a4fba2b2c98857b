"""The whole of it: rows for a model, tried where it was made, and written as a dataset."""

from ..errors import InputsDoNotFit
from ..estimators import offered_outputs, works
from ..inputs import Dataset
from .numbers import derive_numbers
from .tables import derive_table
from .texts import derive_texts


def derive(model, dataset, seed, output):
    """Write rows that are derived from a model to `output`; gives what they are and reach, or None
    where nothing can be derived. `dataset` has the form in which the model takes its inputs."""
    methods = offered_outputs(model, dataset, seed)
    derived = derived_rows(model, dataset, seed)
    if derived is None or not methods or not len(derived.core):
        return None

    def is_taken(rows):
        with open(output, "wb") as target:
            target.write(rows.encoded(dataset.form))
        own = Dataset(output)
        own.forms(model)
        own.take(own.header.get("form"))
        return all(method.endswith("_") or works(model, method, own, seed) for method in methods)

    if not is_taken(derived.core):
        return None
    parts, facts = [derived.core], {"missing": False, "unknown": False}
    for kind in ("missing", "unknown"):
        rows = getattr(derived, kind)
        if rows is not None and len(rows) and is_taken(rows):
            facts[kind] = True
            parts.append(rows)
    whole = parts[0].joined(parts[1:])
    if not is_taken(whole):
        return None
    facts.update(rows=len(whole), shares=derived.shares)
    return facts


def derived_rows(model, dataset, seed):
    """Rows of the kind that a model takes."""
    header = dataset.header
    if header["layout"] in ("none", "list", "synthetic") or header.get("shape") is not None:
        return None
    if not header["rows"]:
        return None
    if header["layout"] == "text" and dataset.form in (None, "texts"):
        return derive_texts(model, header["columns"][0]["name"], dataset.features(), seed)
    if dataset.form not in ("array", "frame"):
        return None
    if header["layout"] == "array":
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
