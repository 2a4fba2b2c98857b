#!/usr/bin/env python3
"""Draws facts of the map by a seed, makes each again by its own command, and counts those that agree.

    python benches/truth.py --seed 7 --count 200 --shelflife target/release/shelflife

A fact is an estimator between two releases: how each of its models came out, and by which known cause. Its command is the one that
`shelflife map ESTIMATOR --from A --to B --json` prints. Everything is executed again (`--fresh`), whatever the cache holds. It agrees
where every model has the same verdict and cause; `identical` and `roundoff` are told apart in the list and count as the same, since
another CPU rounds otherwise. Ends 1 where a fact does not agree.
"""

import argparse
import json
import random
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKS = ("identical", "roundoff")


def facts_of(shelflife):
    """Every fact that was tried: estimator, writer, reader, format and machines."""
    found = []
    facts = json.loads(asked(shelflife, ["map", "--json"]))
    for run in facts["runs"].values():
        environments = run["environments"]
        classes = {}
        for model in run["models"].values():
            for form in model["formats"]:
                classes.setdefault((model["estimator"].rsplit(".", 1)[1], form), 0)
        for name, form in classes:
            for writer in environments:
                for reader in environments:
                    bits = (str(writer["bits"]), str(reader["bits"]))
                    found.append((name, writer["release"], reader["release"], form, bits))
    return sorted(set(found))


def asked(shelflife, words):
    """What a command prints; nothing where the map has no such fact."""
    ran = subprocess.run([shelflife, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return ran.stdout if ran.returncode == 0 else ""


def fact(shelflife, drawn):
    """The models of a fact with verdict and cause, and its commands; nothing where nobody has tried."""
    name, writer, reader, form, bits = drawn
    words = ["map", name, "--from", writer, "--to", reader, "--format", form, "--json"]
    text = asked(shelflife, [*words, "--from-bits", bits[0], "--bits", bits[1]])
    readers = json.loads(text)["rows"][0]["readers"] if text else []
    if not readers or not readers[0]["ends"]:
        return None, []
    told = {}
    for end in readers[0]["ends"]:
        for model in end["models"]:
            told[model] = (end["verdict"], end["rule"])
    return told, readers[0]["again"]


def again(shelflife, command, reports):
    """What became of the models when the command was typed once more."""
    words = shlex.split(command)[1:] + ["--reports", reports, "--run", "truth", "--fresh", "--json"]
    ran = subprocess.run([shelflife, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = [line for line in ran.stdout.splitlines() if line.startswith('{"answer"')]
    if not lines:
        return {"?": (ran.stderr[-300:], None)}
    cells = json.loads(lines[-1])["answer"]["cells"]
    # A command runs the matrix of one run of the map, which has its name.
    matrix = next(Path(word).stem for word in words if word.endswith(".toml"))
    return {"%s:%s" % (matrix, cell["model"]): (cell["verdict"], cell["rule"]) for cell in cells}


def same(told, seen):
    if told[0] in WORKS:
        return seen[0] in WORKS
    return told == seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--shelflife", default="shelflife")
    options = parser.parse_args()
    drawing = random.Random(options.seed)
    pool = facts_of(options.shelflife)
    drawing.shuffle(pool)
    agree, tried, models, start = 0, 0, 0, time.time()
    for drawn in pool:
        if tried == options.count:
            break
        told, commands = fact(options.shelflife, drawn)
        if not told:
            continue
        tried += 1
        seen = {}
        with tempfile.TemporaryDirectory() as reports:
            for command in commands:
                seen.update(again(options.shelflife, command, reports))
        wrong = [m for m in told if m not in seen or not same(told[m], seen[m])]
        models += len(told)
        agree += not wrong
        name, writer, reader, form, bits = drawn
        words = ", ".join(sorted({end[0] for end in told.values()}))
        print("%3d %s %s -> %s %s: %s" % (tried, name, writer, reader, form, words), flush=True)
        for model in wrong:
            print("    OTHERWISE %s: %s, now %s" % (model, told[model], seen.get(model)), flush=True)
    print("%d of %d facts agree (%d models, seed %d, %.0f s)" % (agree, tried, models, options.seed, time.time() - start))
    return 0 if agree == tried else 1


if __name__ == "__main__":
    sys.exit(main())
