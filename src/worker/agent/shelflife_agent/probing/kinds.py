"""Columns of categories: a value is the place of its category, and None where it is missing."""

UNKNOWN = "never seen before"


def is_of_kinds(described):
    """Whether a column is one of categories."""
    return described["dtype"] == "pandas" and described["spec"]["dtype"] == "category"


def kinds_of(described):
    """The categories of a column, in their order."""
    return described["spec"]["categories"]


def as_kinds(described, values):
    """A column of texts as one of categories, sorted as pandas does, and its values."""
    known = sorted(set(value for value in values if value == value))
    places = {value: place for place, value in enumerate(known)}
    spec = {"dtype": "category", "of": {"dtype": "object"}, "categories": known, "ordered": False}
    kept = {"name": described["name"], "dtype": "pandas", "spec": spec}
    return kept, [places.get(value) for value in values]


def with_unknown(described):
    """The same column with a category more, and the place of it; None where all of them are
    numbers or the like."""
    spec = described["spec"]
    known = spec["categories"]
    if spec["of"]["dtype"] not in ("object", "string", "str") or UNKNOWN in known:
        return None
    return dict(described, spec=dict(spec, categories=known + [UNKNOWN])), len(known)
