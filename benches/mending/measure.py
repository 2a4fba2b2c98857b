"""How many models are rescued: for pairs of environments and models of the zoo, what happens before
and after mending, compared on the rows that they were fitted on and ten times as many that nobody
has seen, in processes that never saw the mender.

    measure.py --environments FOLDER --work FOLDER --from 1.2.2,1.3.2 --to 1.9.1 [--models GLOB]
               [--matrix zoo,zoo-wide,held] [--again] [--rows FILE]

Python 3.11 and numpy. FOLDER is where shelflife keeps its environments. `--rows` appends a line of
JSON for each cell to a file; `summary.py` makes tables of it.
"""

import argparse
import csv
import fnmatch
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import noise
import numpy as np
import tomllib

ROOT = Path(__file__).resolve().parents[2]
TIMES = 10
SEED = 7
GOOD = ("exact", "rounding")
# Methods that are compared where both sides have them.
ASKED_BESIDE = ("predict_log_proba", "inverse_transform", "apply", "kneighbors")


def version_of(environment):
    found = list(environment.glob("lib/python3*/site-packages/scikit_learn-*.dist-info"))
    if not found:
        return None
    return re.match(r"scikit_learn-(.*)\.dist-info", found[0].name).group(1)


def versions_of(python):
    """What is installed beside an interpreter, as a rescue knows it of the producer."""
    found = {}
    for info in Path(python).parent.parent.glob("lib/python3*/site-packages/*.dist-info"):
        name, _, version = info.name[: -len(".dist-info")].rpartition("-")
        found[name.replace("_", "-").lower()] = version
    return found


def environments(folder, chosen):
    """An interpreter of each release of scikit-learn; those that are chosen by their folder
    first."""
    found = {}
    for environment in sorted(Path(folder).iterdir()):
        version = version_of(environment)
        if version and (environment / "bin/python").exists():
            found.setdefault(version, environment / "bin/python")
            found[environment.name] = environment / "bin/python"
    return found | {name: Path(path) for name, path in chosen.items()}


def cell(text):
    if text == "":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def table(spec, matrix):
    with open((ROOT / "matrices" / spec["path"]).resolve()) as lines:
        rows = list(csv.reader(lines))
    names, rows = rows[0], [[cell(text) for text in row] for row in rows[1:]]
    targets = spec.get("target")
    wanted = [targets] if isinstance(targets, str) else targets or []
    left = set(wanted) | set(spec.get("drop", []))
    columns = [index for index, name in enumerate(names) if name not in left]
    X = [[row[index] for index in columns] for row in rows]
    y = [[row[names.index(name)] for name in wanted] for row in rows] if wanted else None
    if isinstance(targets, str):
        y = [row[0] for row in y]
    return X, y


def kind_of(rows, spec):
    values = [value for row in rows for value in row]
    if any(isinstance(value, str) for value in values):
        return "text" if len(rows[0]) == 1 else "object"
    if all(isinstance(value, int) for value in values):
        return "int64"
    return "float32" if spec.get("dtypes") else "float64"


def held_out(rows, kind):
    """Ten times as many rows that no model has seen: columns mixed anew, numbers moved, some
    far."""
    dice = random.Random(SEED)
    if kind == "text":
        words = [row[0].split() for row in rows]
        return [
            [" ".join(dice.choices(dice.choice(words) + dice.choice(words), k=dice.randint(1, 12)))]
            for _ in range(TIMES * len(rows))
        ]
    made = []
    spread = [
        np.nanstd([v for v in col if isinstance(v, (int, float))] or [0]) for col in zip(*rows)
    ]
    for _ in range(TIMES * len(rows)):
        row = [dice.choice(rows)[index] for index in range(len(rows[0]))]
        for index, value in enumerate(row):
            if isinstance(value, float) and kind != "int64":
                row[index] = value + dice.gauss(0, 0.1) * spread[index]
                if dice.random() < 0.02 and value > 0:
                    row[index] = abs(value) * 4
        made.append(row)
    return made


def datasets(matrices):
    found = {}
    for matrix in matrices:
        for name, spec in matrix.get("datasets", {}).items():
            X, y = table(spec, matrix)
            kind = kind_of(X, spec)
            found[name] = {
                "train": {"rows": X, "kind": kind},
                # The rows that a rescue is verified on come first.
                "held": {"rows": X + held_out(X, kind), "kind": kind},
                "target": y,
            }
    return found


def models(matrices, pattern):
    found = []
    for matrix in matrices:
        for model in matrix["models"]:
            if not any(fnmatch.fnmatch(model["name"], one) for one in pattern.split(",")):
                continue
            source = {"expression": model["estimator"]} if "estimator" in model else None
            if source is None:
                path = ROOT / "matrices" / model["recipe"]
                source = {"recipe": path.read_text(), "path": str(path)}
            # One half as joblib writes them, one as pickle does.
            ending = "joblib" if sum(model["name"].encode()) % 2 == 0 else "pkl"
            found.append(
                {
                    "name": model["name"],
                    "file": "%s.%s" % (model["name"], ending),
                    "source": source,
                    "dataset": model.get("dataset", matrix["defaults"]["dataset"]),
                }
            )
    return found


def variables():
    """The environment of a worker: the agent's modules, one thread."""
    return dict(
        os.environ,
        PYTHONPATH=str(ROOT / "src/worker/agent"),
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        PYTHONDONTWRITEBYTECODE="1",
    )


def execute(python, what, order, path, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(order))
    answer = Path(str(path) + ".answer")
    answer.unlink(missing_ok=True)
    worker = str(ROOT / "benches/mending/worker.py")
    subprocess.run(
        ["nice", "-n", "2", str(python), "-s", worker, what, str(path)],
        env=dict(variables(), **more),
        timeout=3000,
        stderr=subprocess.DEVNULL if what != "mend" else None,
    )
    return json.loads(answer.read_text())


def same(left, right):
    """0 for bits, 1 for rounding, 2 for different."""
    if left.shape != right.shape:
        return 2
    if left.dtype.kind in "US" or right.dtype.kind in "US":
        return 0 if np.array_equal(left.astype(str), right.astype(str)) else 2
    # As shelflife compares: what is computed in single precision rounds earlier.
    is_single = "f4" in (left.dtype.str[1:], right.dtype.str[1:])
    relative, of_scale = (1e-4, 1e-6) if is_single else (1e-7, 1e-12)
    left, right = left.astype("c16" if left.dtype.kind == "c" else "f8"), right.astype("f8")
    if np.array_equal(left, right, equal_nan=True):
        return 0
    finite = left[np.isfinite(left)]
    largest = np.abs(finite).max() if finite.size else 0.0
    with np.errstate(invalid="ignore"):
        apart = np.abs(left - right)
    close = apart <= relative * np.abs(left) + of_scale * largest
    equal = (left == right) | (np.isnan(left) & np.isnan(right))
    return 1 if np.all(close | equal) else 2


def how_far(left, right):
    if left.shape != right.shape:
        return "in shape: %s and %s" % (left.shape, right.shape)
    if left.dtype.kind in "US":
        return "in %d of %d" % ((left != right).sum(), left.size)
    with np.errstate(invalid="ignore"):
        apart = np.abs(left.astype("f8") - right)
    rows = (apart.reshape(len(apart), -1).max(axis=1) > 1e-7).sum() if len(apart) else 0
    return "by %g, in %d of %d rows" % (np.nanmax(apart), rows, len(apart))


def judged(reference, outputs, was, now, rows=None, left_out=(), floors=None):
    """How far the outputs of one model agree, and what does not; on the first rows only where a
    number is given, without the outputs that are left out. What moves no further than its floor is
    rounding."""
    if not now["ok"]:
        return "raised", now["error"]

    def part(array):
        # Attributes such as labels_ have a length of their own.
        return array[:rows] if rows and array.ndim and len(array) == rows * (TIMES + 1) else array

    with np.load(reference) as left, np.load(outputs) as right:
        rounded = []
        for name in left.files:
            if name in left_out:
                continue
            if name == "classes_" and (left[name] == "None").all():
                # Trees that regress of 0.22 and 0.23 have classes that mean nothing.
                continue
            if name in ASKED_BESIDE and name not in right.files and name not in now["errors"]:
                # A class of the reader may not offer what shelflife itself does not compare.
                continue
            if name not in right.files:
                error = now["errors"].get(name)
                return ("raised", "%s: %s" % (name, error)) if error else ("missing", name)
            was_it, is_now = part(left[name]), part(right[name])
            found = same(was_it, is_now)
            if found == 2 and floors and name in floors and floors[name].covers(was_it, is_now):
                found = 1
            if found == 2:
                return "differs", "%s %s" % (name, how_far(was_it, is_now))
            if found == 1:
                rounded.append("%s %s" % (name, how_far(was_it, is_now)))
    return ("rounding" if rounded else "exact"), "; ".join(rounded)


def order_of(arguments, folder, todo, data):
    for name in ("models", "reference"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "models": str(folder / "models"),
        "outputs": str(folder / "reference"),
        "companions": str(folder),
        "datasets": data,
        "todo": todo,
    }


def produced(arguments, version, python, todo, data):
    """The models of a producer with what its own reload gives."""
    folder = Path(arguments.work) / version
    known = folder / "known.json"
    facts = json.loads(known.read_text()) if known.exists() and not arguments.again else {}
    fresh = [model for model in todo if model["name"] not in facts]
    if fresh:
        order = order_of(arguments, folder, fresh, data)
        trained = execute(python, "train", order, folder / "train.json")
        order["todo"] = [model for model in fresh if trained[model["name"]]["ok"]]
        observed = execute(python, "observe", order, folder / "observe.json")
        for name, answer in trained.items():
            facts[name] = observed.get(name, {"ok": False, "not_trained": answer.get("error")})
        known.write_text(json.dumps(facts))
    return facts


def asked_otherwise(source, maker, order, model):
    """The floors of the outputs of a model: its producer is asked in each way in which it can
    compute."""
    answers = {}
    for setting, variables in noise.settings().items():
        folder = source / "noise" / setting
        folder.mkdir(parents=True, exist_ok=True)
        answers[setting] = folder / (model["name"] + ".npz")
        if not answers[setting].exists():
            one = dict(order, models=str(source / "models"), outputs=str(folder), todo=[model])
            one["datasets"] = {model["dataset"]: order["datasets"][model["dataset"]]}
            execute(maker, "observe", one, folder / (model["name"] + ".json"), **variables)
    return noise.floors(source / "reference" / (model["name"] + ".npz"), answers)


def crossed(arguments, producer, consumer, maker, python, todo, data, facts):
    """Rows (model, before, after, changes) of one pair."""
    source = Path(arguments.work) / producer
    target = Path(arguments.work) / ("%s-%s" % (producer, consumer))
    for name in ("before", "after", "mended"):
        (target / name).mkdir(parents=True, exist_ok=True)
    todo = [model for model in todo if facts[model["name"]]["ok"]]
    order = dict(order_of(arguments, source, todo, data), outputs=str(target / "before"))
    known = target / "before.json.answer"
    if (
        known.exists()
        and not arguments.again
        and set(json.loads(known.read_text())) >= {model["name"] for model in todo}
    ):
        before = json.loads(known.read_text())
    else:
        before = execute(python, "observe", order, target / "before.json")
    was, floors = {}, {}
    for model in todo:
        name = model["name"]
        reference, outputs = (
            folder / (name + ".npz") for folder in (source / "reference", target / "before")
        )
        was[name] = judged(reference, outputs, facts[name], before[name])
        if was[name][0] == "differs":
            floors[name] = asked_otherwise(source, maker, order, model)
            was[name] = judged(reference, outputs, facts[name], before[name], floors=floors[name])
    # A rescue leaves what works as it is.
    chosen = [
        model for model in todo if arguments.also_working or was[model["name"]][0] not in GOOD
    ]
    found = {}
    # With classes that travel beside the file only what is not right without them.
    for companions in ([], texts(ROOT / "knowledge/mends/companions")):
        open_ones = [
            model
            for model in chosen
            if model["name"] not in found or found[model["name"]][0][0] not in GOOD
        ]
        mended, after = attempted(
            target, python, dict(order, versions=versions_of(maker)), open_ones, companions
        )
        for model in open_ones:
            one = seen(source, target, maker, order, model, facts, before, mended, after, floors)
            found[model["name"]] = one
    for model in todo:
        name = model["name"]
        now, verified, mended = found.get(name, (was[name], None, {}))
        yield name, was[name], now, verified, mended


def attempted(target, python, order, todo, companions):
    """What mending models comes to, and what those that were written do where nobody saw the
    mends."""
    mending = dict(
        order,
        todo=todo,
        mended=str(target / "mended"),
        mends=texts(ROOT / "knowledge/mends"),
        companions=companions,
        datasets={},
    )
    mended = execute(python, "mend", mending, target / "mend.json")
    written = [model for model in todo if mended[model["name"]].get("outcome") == "mended"]
    order = dict(
        order,
        models=str(target / "mended"),
        outputs=str(target / "after"),
        companions=str(ROOT / "knowledge/mends/companions"),
        todo=written,
    )
    return mended, execute(python, "observe", order, target / "after.json")


def is_predict_only(mended):
    changes = mended.get("changes") or []
    return any(change["exactness"] == "predict-only" for change in changes)


def seen(source, target, maker, order, model, facts, before, mended, after, floors):
    """How a mended model compares with its producer, whether a rescue would believe it, and what
    was done."""
    name, mended = model["name"], mended[model["name"]]
    reference, verified = source / "reference" / (name + ".npz"), None
    # A mend may say that predictions alone are the same, and so does the page of a rescue.
    left_out = ASKED_BESIDE if is_predict_only(mended) else ()
    if name in after:
        outputs = target / "after" / (name + ".npz")
        now = judged(reference, outputs, facts[name], after[name], None, left_out)
        if now[0] == "differs" and name not in floors:
            floors[name] = asked_otherwise(source, maker, order, model)
        floor = floors.get(name)
        if now[0] == "differs":
            now = judged(reference, outputs, facts[name], after[name], None, left_out, floor)
        if now[0] == "differs" and before[name]["ok"]:
            # What the reader's own arithmetic makes of it, with or without mends.
            untouched = target / "before" / (name + ".npz")
            if judged(outputs, untouched, facts[name], before[name])[0] == "exact":
                now = "untouched", now[1]
        rows = len(order["datasets"][model["dataset"]]["train"]["rows"])
        verified = judged(reference, outputs, facts[name], after[name], rows, (), floor)[0] in GOOD
    elif mended["ok"]:
        now = "refused", json.dumps(mended["refused"] + mended["needs_companion"])[:300]
    else:
        trace = " ".join(mended.get("trace", "").split())[-300:]
        now = "mender", mended["error"] + " " + trace
    return now, verified, mended


def matrix_of(name):
    """One of the matrices, or one beside this file."""
    own = Path(__file__).parent / (name + ".toml")
    path = own if own.exists() else ROOT / "matrices" / (name + ".toml")
    return tomllib.loads(path.read_text())


def texts(folder):
    return [[path.stem, path.read_text()] for path in sorted(folder.glob("*.py"))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--environments", required=True)
    parser.add_argument("--interpreter", action="append", default=[], help="VERSION=PYTHON")
    parser.add_argument("--work", required=True)
    parser.add_argument("--from", dest="producers", required=True)
    parser.add_argument("--to", dest="consumers", required=True)
    parser.add_argument("--models", default="*")
    parser.add_argument("--matrix", default="zoo,zoo-wide")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--also-working", action="store_true", help="mend what works, too")
    parser.add_argument("--all", action="store_true", help="show rows that are right, too")
    parser.add_argument("--rows", help="append a line of JSON for each cell to this file")
    arguments = parser.parse_args()
    matrices = [matrix_of(name) for name in arguments.matrix.split(",")]
    data = datasets([matrix_of("zoo")] + matrices)
    todo = models(matrices, arguments.models)
    chosen = dict(one.split("=", 1) for one in arguments.interpreter)
    found = environments(arguments.environments, chosen)
    for producer in arguments.producers.split(","):
        facts = produced(arguments, producer, found[producer], todo, data)
        for consumer in arguments.consumers.split(","):
            counts = {}
            cells = crossed(
                arguments, producer, consumer, found[producer], found[consumer], todo, data, facts
            )
            for name, was, now, verified, mended in cells:
                word = word_of(was, now, verified, mended)
                counts[word] = counts.get(word, 0) + 1
                if now[0] not in GOOD or arguments.all:
                    told = was[1].split("\n")[0][:80], now[0], now[1][:600]
                    print("   ", name, "|", was[0], told[0], "->", *told[1:])
                if arguments.rows:
                    keep(arguments.rows, producer, consumer, name, was, now, word, mended)
            print(producer, "->", consumer, json.dumps(counts), flush=True)


def word_of(was, now, verified, mended):
    """One word for a cell. `untouched` differs as much without mends; `wrong` is what a rescue
    would have believed on the rows that it was verified on; `dropped` what it throws away."""
    if was[0] in GOOD:
        return "kept" if now[0] in GOOD else "broken"
    if now[0] in GOOD:
        return "companion" if mended.get("needs_companion") else "native"
    if now[0] in ("refused", "mender", "untouched"):
        return now[0]
    return "wrong" if verified else "dropped"


def keep(path, producer, consumer, name, was, now, word, mended):
    changes = mended.get("changes") or []
    row = {
        "producer": producer,
        "consumer": consumer,
        "model": name,
        "before": was[0],
        "why_before": was[1][:200],
        "after": now[0],
        "why_after": now[1][:300],
        "word": word,
        "mends": sorted({change["mend"] for change in changes}),
        "companions": mended.get("needs_companion") or [],
    }
    with open(path, "a") as stream:
        stream.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    sys.exit(main())
