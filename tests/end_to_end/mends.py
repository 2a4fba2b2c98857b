"""Each mend on a model of its own, in real environments: `mends.toml` says which. What a rescued
model gives must be what its writer's own reload gives, and without the mend it must not be.

    mends.py --work FOLDER --interpreter RELEASE=PYTHON ... [--only MEND]
    mends.py --work FOLDER --interpreter RELEASE=PYTHON ... --scripts FOLDER

prints a list of what is wrong, as JSON. The second form comes after the first, and runs the scripts
of a folder, each named by its row, which must write the same bytes. Python 3.11 and numpy.

In each environment one process trains and observes, and another mends and observes; each model has
a fork of its own, so that none that loads a mended file has seen the mends.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tomllib

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches/mending"))
import measure  # noqa: E402

measure.TIMES = 2
AT_ONCE = 2


def rows_of(table, only):
    """The rows as models of the measuring script, each with a name and a file of its own."""
    found = []
    for index, row in enumerate(table["rows"]):
        if only and row["mend"] != only:
            continue
        name = "%03d-%s" % (index, row["mend"])
        recipe = row.get("recipe")
        source = {"expression": row.get("model")}
        if recipe:
            source = {"recipe": table["recipes"][recipe], "path": recipe + ".py"}
        ending = ".joblib" if row.get("format") in ("joblib", "externals") else ".pkl"
        found.append(
            dict(
                row,
                name=name,
                file=name + ending,
                plain=name + "-plain" + ending,
                source=source,
                dataset=row.get("data", "blobs"),
                may_have_companions="companion" in row,
            )
        )
    return found


class Bench:
    """Where things are, and which interpreter stands for which release."""

    def __init__(self, arguments):
        self.work = Path(arguments.work)
        self.interpreters = dict(one.split("=", 1) for one in arguments.interpreter)
        self.data = measure.datasets([measure.matrix_of("zoo")])
        self.mends = measure.texts(ROOT / "knowledge/mends")
        self.scripts = arguments.scripts
        self.companions = measure.texts(ROOT / "knowledge/mends/companions")
        for folder in ("models", "reference", "before", "mended", "after", "scripted"):
            (self.work / folder).mkdir(parents=True, exist_ok=True)

    def order(self, name, todo, **more):
        """An order for a worker, written down."""
        used = {row["dataset"] for row in todo}
        order = {
            "datasets": {name: self.data[name] for name in used},
            "companions": str(self.work),
            "models": str(self.work / "models"),
            "outputs": str(self.work / "reference"),
            "todo": todo,
        }
        path = self.work / (name + ".json")
        path.write_text(json.dumps(dict(order, **more)))
        return str(path)

    def work_through(self, release, steps):
        """Runs a worker of a release; gives its answer to each step, by the rows' names."""
        command = [self.interpreters[release], "-s", str(ROOT / "benches/mending/worker.py")]
        for what, path in steps:
            Path(path + ".answer").unlink(missing_ok=True)
            command += [what, path]
        ended = subprocess.run(
            command, env=measure.variables(), timeout=600, capture_output=True, text=True
        )
        try:
            return [json.loads(Path(path + ".answer").read_text()) for _, path in steps]
        except FileNotFoundError:
            raise RuntimeError("%s: %s" % (release, ended.stderr[-2000:])) from None

    def written(self, release, todo):
        """Train in a release and observe there."""
        plain = [dict(row, file=row["plain"]) if "as" in row else row for row in todo]
        steps = [
            ("train", self.order("train-" + release, todo)),
            ("observe", self.order("reference-" + release, plain)),
        ]
        trained, observed = self.work_through(release, steps)
        return {row["name"]: (trained[row["name"]], observed[row["name"]]) for row in todo}

    def read(self, release, todo):
        """Observe in a release as it is, mend there, observe again."""
        mended = str(self.work / "mended")
        steps = [
            ("observe", self.order("before-" + release, todo, outputs=str(self.work / "before"))),
            (
                "mend",
                self.order(
                    "mend-" + release,
                    todo,
                    mends=self.mends,
                    companions=self.companions,
                    mended=mended,
                ),
            ),
            (
                "observe",
                self.order(
                    "after-" + release,
                    todo,
                    models=mended,
                    outputs=str(self.work / "after"),
                    companions=str(ROOT / "knowledge/mends/companions"),
                ),
            ),
        ]
        answers = self.work_through(release, steps)
        return {row["name"]: [answer[row["name"]] for answer in answers] for row in todo}

    def scripted(self, release, todo):
        """Mend in a release by scripts, and say which bytes differ."""
        order = self.order(
            "script-" + release,
            todo,
            scripts=self.scripts,
            mended=str(self.work / "scripted"),
        )
        (answers,) = self.work_through(release, [("script", order)])
        return {row["name"]: self.of_script(row, answers[row["name"]]) for row in todo}

    def of_script(self, row, answer):
        if not answer["ok"]:
            return answer["error"]
        by_script, by_engine = self.work / "scripted", self.work / "mended"
        same = (by_script / row["file"]).read_bytes() == (by_engine / row["file"]).read_bytes()
        return None if same or "seeded" in row else "the script writes other bytes"


def by(todo, key):
    found = {}
    for row in todo:
        found.setdefault(row[key], []).append(row)
    return found


def side_by_side(function, groups):
    """The answers of all groups, a few at once; the largest first."""
    order = sorted(groups, key=lambda release: -len(groups[release]))
    answers = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(lambda release: function(release, groups[release]), order):
            answers.update(found)
    return answers


def complaint(row, work, written, read):
    """What is wrong with a row, or None."""
    trained, reference = written
    before, mended, after = read
    if not trained["ok"] or not reference["ok"]:
        return "the writer: %s %s" % (trained, reference)
    if not mended["ok"]:
        return "the engine: " + mended.get("trace", mended["error"])[-600:]
    outcome = mended["outcome"]
    if row["is"] == "refused":
        whys = [(facts.get("rule"), facts["why"]) for facts in mended["refused"]]
        return None if whys == [(row["mend"], row["why"])] else "not refused: %s" % mended
    if outcome != "mended":
        return "refused: %s" % mended["refused"]
    path = work / "reference" / (row["name"] + ".npz")
    was = judged(row, path, work / "before", reference, before)
    now = judged(row, path, work / "after", reference, after)
    if not acted(row.get("by", row["mend"]), mended):
        return "the mend did nothing; others took part: %s" % mended["mends"]
    if was[0] in measure.GOOD and "hidden" not in row:
        return "the file is right without the mend"
    if was[0] not in measure.GOOD and "hidden" in row:
        return "the file is not right without the mend: %s" % (was,)
    wanted = ("exact",) if row["is"] == "exact" else measure.GOOD
    if now[0] == "rounding":
        rounded = {one.split()[0] for one in now[1].split("; ")}
        if rounded <= set(row.get("round", ())):
            now = ("exact", "")
    if now[0] not in wanted:
        return "%s: %s %s" % ((row["is"],) + now)
    companions = [row["companion"]] if "companion" in row else []
    if mended["needs_companion"] != companions:
        return "companions: %s" % mended["needs_companion"]
    return sums(work / "after" / (row["name"] + ".npz"))


def acted(mend, mended):
    """Whether a mend changed something, or a function of it was called in the place of another."""
    if mend == "engine" or mend in {change["mend"] for change in mended["changes"]}:
        return True
    source = (ROOT / "knowledge/mends" / (mend + ".py")).read_text()
    return "always=True" in source and mend in mended["mends"]


def judged(row, reference, folder, was, now):
    """As the measuring script judges, without outputs that a mend says it cannot give."""
    outputs = folder / (row["name"] + ".npz")
    return measure.judged(reference, outputs, was, now, left_out=row.get("except", ()))


def sums(outputs):
    """Rows of probabilities sum to one."""
    with np.load(outputs) as found:
        if "predict_proba" not in found.files:
            return None
        total = found["predict_proba"].sum(axis=1)
        return None if np.allclose(total, 1.0, rtol=0, atol=1e-9) else "rows do not sum to one"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--interpreter", action="append", default=[], help="RELEASE=PYTHON")
    parser.add_argument("--only", help="one mend")
    parser.add_argument("--scripts", help="a folder of scripts by row")
    arguments = parser.parse_args()
    table = tomllib.loads((Path(__file__).parent / "mends.toml").read_text())
    todo = rows_of(table, arguments.only)
    bench = Bench(arguments)
    there = bench.interpreters
    todo = [row for row in todo if row["from"] in there and row["to"] in there]
    if arguments.scripts:
        scripts = Path(arguments.scripts)
        todo = [row for row in todo if (scripts / (row["name"] + ".py")).exists()]
        told = side_by_side(bench.scripted, by(todo, "to"))
        wrong = {name: why for name, why in told.items() if why}
        print(json.dumps({"rows": len(todo), "wrong": wrong}, indent=1))
        return
    written = side_by_side(bench.written, by(todo, "from"))
    # As a rescue tells the mends what else was installed where the file was made.
    versions = {name: measure.versions_of(python) for name, python in there.items()}
    good = [
        dict(row, versions=versions[row["from"]]) for row in todo if written[row["name"]][0]["ok"]
    ]
    read = side_by_side(bench.read, by(good, "to"))
    nothing = [{"ok": False, "error": "not tried"}] * 3
    wrong = {}
    for row in todo:
        told = complaint(row, bench.work, written[row["name"]], read.get(row["name"], nothing))
        if told:
            wrong["%s, %s to %s" % (row["mend"], row["from"], row["to"])] = told
    print(json.dumps({"rows": len(todo), "wrong": wrong}, indent=1))


if __name__ == "__main__":
    main()
