"""Packs models over DataFrames of every type that a column can have, with rows that a seed decides.

    python frames.py FOLDER SEED
    python frames.py FOLDER SEED parquet

The second writes each model beside its rows as a Parquet file, with what it gives for them as pandas reads them back.
The models answer with what they were given, as hashes and as texts: whoever hands them something else gets another
answer.
"""

import datetime
import json
import operator
import os
import random
import sys

import joblib
import numpy as np
import pandas as pd
from shelflife_pack import pack
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

ROWS = 12


def column(kind, rng):
    """A column of a kind, with gaps where the kind may have some."""
    whole = [rng.randrange(-50, 50) for _ in range(ROWS)]
    floats = [
        rng.choice([rng.gauss(0, 1), float(rng.randrange(9)), np.nan, np.inf, -0.0, 1e-310])
        for _ in whole
    ]
    texts = [rng.choice(["a", "b", "\u00fc", "", "NaN", "None", "1", "true"]) for _ in whole]
    gaps = [rng.random() < 0.3 for _ in whole]
    with_gaps = lambda values, gap=None: [
        gap if missing else value for missing, value in zip(gaps, values)
    ]
    days = [
        pd.Timestamp(text)
        for text in ("2020-01-01", "1969-12-31 23:59:59.123456789", "2031-07-04 12:00")
    ]
    moments = [days[rng.randrange(3)] for _ in whole]
    nullable = {
        "Int64": whole,
        "Float64": [1.5 * value for value in whole],
        "boolean": [value > 0 for value in whole],
    }
    if kind in ("int64", "int8", "int32", "float32", "float16"):
        return pd.Series(whole if kind.startswith("int") else floats).astype(kind)
    if kind == "uint64":
        return pd.Series([2**63 + abs(value) for value in whole], dtype="uint64")
    if kind == "float64":
        return pd.Series(floats)
    if kind == "whole floats":
        return pd.Series([float(value) for value in whole])
    if kind == "nothing":
        return pd.Series([np.nan] * ROWS)
    if kind == "bool":
        return pd.Series([value > 0 for value in whole])
    if kind == "truths with gaps":
        return pd.Series(with_gaps([value > 0 for value in whole], np.nan), dtype=object)
    if kind in nullable:
        return pd.Series(pd.array(with_gaps(nullable[kind]), dtype=kind))
    if kind == "string":
        return pd.Series(pd.array(with_gaps(texts), dtype="string"))
    if kind == "texts":
        return pd.Series(with_gaps(texts, np.nan), dtype=object)
    if kind == "texts with None":
        return pd.Series(with_gaps(texts), dtype=object)
    if kind == "inferred texts":
        return pd.Series(texts)
    if kind == "mixed":
        return pd.Series(
            [rng.choice(["x", 1, 2.5, True, None, np.nan]) for _ in whole], dtype=object
        )
    if kind == "dates as objects":
        return pd.Series(
            [datetime.date(2020, 1 + abs(value) % 12, 3) for value in whole], dtype=object
        )
    if kind == "datetime":
        return pd.Series(with_gaps(moments, pd.NaT))
    if kind == "datetime with zone":
        return (
            pd.Series(with_gaps(moments, pd.NaT))
            .dt.tz_localize("UTC")
            .dt.tz_convert("Europe/Berlin")
        )
    if kind == "timedelta":
        return pd.Series(pd.to_timedelta([value * 1000003 for value in whole], unit="us"))
    if kind == "period":
        return pd.Series(
            pd.PeriodIndex(["2020-%02d" % (1 + abs(value) % 12) for value in whole], freq="M")
        )
    if kind == "category":
        return pd.Series(
            pd.Categorical(with_gaps(texts), categories=["1", "b", "a", "\u00fc", "true", "unseen"])
        )
    if kind == "ordered whole category":
        return pd.Series(
            pd.Categorical(whole, categories=sorted(set(whole), reverse=True), ordered=True)
        )
    raise ValueError(kind)


KINDS = (
    "int64 int8 int32 uint64 float64 float32 float16 bool Int64 Float64 boolean string texts mixed datetime timedelta "
    "period category nothing"
).split() + [
    "whole floats",
    "truths with gaps",
    "texts with None",
    "inferred texts",
    "dates as objects",
    "datetime with zone",
    "ordered whole category",
]


# What Parquet cannot hold, or shelflife cannot hand over from there.
NOT_STORED = ("mixed", "period", "float16")


def store(model, data, folder, name):
    """The model with its rows as a Parquet file, and what it gives for them."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    data.to_parquet(path + ".parquet")
    read = pd.read_parquet(path + ".parquet")
    joblib.dump(model.fit(read), path + ".joblib")
    given = np.asarray(model.transform(read)).tolist()
    with open(path + ".json", "w") as target:
        json.dump({"transform": given}, target)


def main():
    is_stored = sys.argv[3:] == ["parquet"]
    kinds = [kind for kind in KINDS if not is_stored or kind not in NOT_STORED]
    folder, rng = sys.argv[1], random.Random(int(sys.argv[2]))
    frames = [[kind] for kind in kinds] + [rng.sample(kinds, rng.randrange(2, 6)) for _ in range(8)]
    for number, chosen in enumerate(frames):
        data = pd.DataFrame({"c%d" % place: column(kind, rng) for place, kind in enumerate(chosen)})
        hashes = FunctionTransformer(pd.util.hash_pandas_object, kw_args={"index": False})
        texts = FunctionTransformer(operator.methodcaller("astype", str))
        if is_stored:
            # In JSON a text `nan` would be a missing number.
            texts = make_pipeline(texts, FunctionTransformer(operator.methodcaller("radd", "=")))
        model = texts if number % 2 else hashes
        name = "-".join(["%02d" % number] + chosen[:2]).replace(" ", "-")
        if is_stored:
            store(model, data, folder, name)
        else:
            pack(model.fit(data), data, folder, name)


if __name__ == "__main__":
    main()
