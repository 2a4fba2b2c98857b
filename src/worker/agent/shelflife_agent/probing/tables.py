"""Rows of several types: each category that a model knows, one that it does not, missing values,
and the words of columns of texts."""

import math
import random

from ..columns import NO_TEXT
from ..forms import CATEGORIES
from .boosting import trees_of as trees_of_boosting
from .encoding import Mixed
from .kinds import as_kinds, is_of_kinds, kinds_of, with_unknown
from .numbers import BEYOND, MIXTURES, Derived, shares
from .texts import UNSEEN, documents
from .trees import trees_of
from .turning import HALF, chosen_names, turned_table

MOST_CATEGORIES = 4000
# Rows that trees ask for.
MOST_ROWS = 6000


class DerivedTable(Derived):
    """Rows of several types, whose way through trees can be followed."""

    def __init__(self, trees):
        super(DerivedTable, self).__init__(None)
        self.trees = trees

    def shares_of(self, rows, features):
        return shares(self.trees, [], features) + self.shares


def derive_table(model, dataset, seed):
    """The rows for a model that takes columns of several types, made of rows that it takes."""
    described = dataset.header["columns"]
    places = list(range(len(described))) if dataset.chosen is None else list(dataset.chosen)
    names = dataset.renamed or [described[place]["name"] for place in places]
    raw = raw_columns(dataset)
    columns = [raw[place] for place in places]
    described = [plain(described[place], name) for place, name in zip(places, names)]
    if dataset.form == CATEGORIES:
        for place, column in enumerate(described):
            if column.get("read_as") == "object":
                values = [math.nan if value in NO_TEXT else value for value in columns[place]]
                described[place], columns[place] = as_kinds(column, values)
    table = Table(described, columns, seed)
    trees = trees_of(model) + trees_of_boosting(model)
    derived = DerivedTable(trees)
    known, reached, words = 0, 0, [0, 0]
    for place, column in enumerate(described):
        if is_of_kinds(column):
            known += len(kinds_of(column))
            for code in range(min(len(kinds_of(column)), MOST_CATEGORIES)):
                reached += table.vary(place, code)
            table.vary_unknown(place)
    for name, values in categories(model, names):
        place = names.index(name)
        if described[place]["dtype"] == "pandas":
            continue
        known += len(values)
        for value in values[:MOST_CATEGORIES]:
            reached += table.vary(place, value)
        table.vary(place, unknown_of(values), table.unknown)
    for name, vocabulary in vocabularies(model, names):
        place = names.index(name)
        texts, count = documents(vocabulary, seed)
        words = [words[0] + count, words[1] + len(vocabulary)]
        for text in texts:
            table.vary(place, text)
        table.vary(place, UNSEEN, table.unknown)
    for place in range(len(described)):
        table.extremes(place)
        table.vary(place, math.nan, table.missing)
    asked = rows_of_trees(trees, table, dataset.features(), names)
    derived.core = table.mixed(table.core + table.mixtures() + asked)
    derived.calm = table.mixed(table.mixtures())
    derived.missing = table.mixed(table.missing) if table.missing else None
    derived.unknown = Mixed(table.wider, turned(table.unknown)) if table.unknown else None
    if known:
        derived.shares.append({"what": "categories", "reached": reached, "of": known})
    if words[1]:
        derived.shares.append({"what": "words", "reached": words[0], "of": words[1]})
    return derived


def rows_of_trees(trees, table, features, names):
    """Rows that reach the splits and leaves of trees behind encoders; of too many, as many of each
    tree as there is room for."""
    rows = []
    room = max(4, MOST_ROWS // max(1, len(trees)))
    first = features.iloc[:1] if hasattr(features, "iloc") else features[:1]
    for part, nodes in trees:
        try:
            base = part.forward(first)[0].astype("float64")
            wanted = list(nodes.rows(base))
            if len(wanted) > room:
                wanted = table.generator.sample(wanted, room)
            values = turned_table(part, wanted, names)
        except Exception:
            # Steps that take no such rows.
            continue
        if values:
            rows.extend(table.with_values(values, names, len(wanted)))
    return rows


class Table(object):
    """Rows that a model takes, and what is varied of them."""

    def __init__(self, described, columns, seed):
        self.described, self.columns = described, columns
        self.generator = random.Random(seed)
        self.core, self.missing, self.unknown = [], [], []
        # The columns with the categories that unknown ones need.
        self.wider = list(described)

    def __len__(self):
        return len(self.columns[0])

    def vary(self, place, value, rows=None):
        """Add a row with another value in one column; 1 where that can be."""
        dtype = self.described[place]["dtype"]
        is_text = isinstance(value, str)
        is_gap = value != value
        is_place = is_of_kinds(self.described[place]) and not is_text
        fits = {"text": is_text or is_gap, "pandas": is_place, "bool": isinstance(value, bool)}
        if not fits.get(dtype, not is_text):
            return 0
        row = [column[len(self.core) % len(self)] for column in self.columns]
        row[place] = None if is_place and is_gap else value
        (self.core if rows is None else rows).append(row)
        return 1

    def vary_unknown(self, place):
        """Add a row with a category that nobody knows, in a column of categories."""
        more = with_unknown(self.described[place])
        if more is not None:
            self.wider[place], code = more
            self.vary(place, code, self.unknown)

    def with_values(self, values, names, count):
        """Rows like the first one, with these values in some of the columns."""
        rows = []
        for index in range(count):
            row = [column[0] for column in self.columns]
            for place, name in enumerate(names):
                if name in values:
                    row[place] = self.fitting(place, values[name][index], row[place])
            rows.append(row)
        return rows

    def fitting(self, place, value, instead):
        """A value as its column holds it; what stands there where it cannot."""
        value = value.item() if hasattr(value, "item") else value
        dtype = self.described[place]["dtype"]
        if dtype == "text":
            return value if isinstance(value, str) else instead
        if dtype == "pandas" or isinstance(value, str) or value is None:
            return instead
        return bool(value > HALF) if dtype in ("bool", "truths") else value

    def extremes(self, place):
        if self.described[place]["dtype"] not in ("float64", "float32", "int64"):
            return
        seen = [value for value in self.columns[place] if value == value]
        if not seen:
            return
        low, high = min(seen), max(seen)
        beyond = BEYOND * (high - low) + 1
        if self.described[place]["dtype"] == "int64":
            beyond = int(beyond)
        for value in (low - beyond, low, high, high + beyond):
            self.vary(place, value)

    def mixtures(self):
        """Rows whose values come from different rows."""
        pick = self.generator.randrange
        return [[column[pick(len(self))] for column in self.columns] for _ in range(MIXTURES)]

    def mixed(self, rows):
        return Mixed(self.described, turned(rows))


def turned(rows):
    """Rows as columns."""
    return [list(column) for column in zip(*rows)]


def plain(described, name):
    """What is said of a column, without where its bytes are."""
    kept = {key: described[key] for key in ("dtype", "read_as", "spec") if key in described}
    return dict(kept, name=name)


def raw_columns(dataset):
    """The columns as lists of plain values; those of pandas' own types as they were encoded."""
    import json

    columns = []
    for described, values in zip(dataset.header["columns"], dataset.columns()):
        if described["dtype"] == "pandas":
            offset = described["offset"]
            part = dataset.payload[offset : offset + described["length"]]
            columns.append(json.loads(part.decode("utf-8")))
        else:
            columns.append(values.tolist() if hasattr(values, "tolist") else list(values))
    return columns


def choices(model, names):
    """What parts of a model are given which columns by name: (object, names)."""
    seen, waiting = set(), [(model, names)]
    while waiting:
        thing, own = waiting.pop()
        if id(thing) in seen or not hasattr(thing, "__dict__"):
            continue
        seen.add(id(thing))
        yield thing, own
        held = thing.__dict__
        for step in held.get("steps") or []:
            # After a step that changes the number of columns these are not the names any more, and
            # their count does not fit.
            waiting.append((step[-1], own))
        for item in held.get("transformers_") or []:
            chosen = chosen_names(item[2], own)
            if chosen:
                waiting.append((item[1], chosen))


def categories(model, names):
    """The categories that a model knows of each column: (name, values)."""
    for thing, own in choices(model, names):
        known = thing.__dict__.get("categories_")
        if not isinstance(known, (list, tuple)) or len(known) != len(own):
            continue
        for name, values in zip(own, known):
            values = values.tolist() if hasattr(values, "tolist") else list(values)
            yield name, [value for value in values if value is not None and value == value]


def vocabularies(model, names):
    """The vocabularies of columns of texts: (name, words)."""
    for thing, own in choices(model, names):
        known = thing.__dict__.get("vocabulary_")
        if isinstance(known, dict) and len(own) == 1:
            yield own[0], sorted(str(word) for word in known)


def unknown_of(values):
    """A category that is none of these."""
    if values and not isinstance(values[0], str):
        try:
            return max(values) + 1
        except TypeError:
            return math.nan
    return "never seen before"
