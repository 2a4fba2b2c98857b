"""Kills shards at random moments, finishes them, and looks whether anything was lost or doubled.

    python3 benches/shards/kills.py BINARY MATRIX SHARDS FOLDER [--kills 50] [--seed 1] [-- SELECT]

FOLDER is new and gets everything. The environments are those of SHELFLIFE_CACHE_DIR, which is only
linked to; each shard and phase has a cache of its own, as on machines that share nothing but the
parts. Half of the kills come after a random time, half when the record of the part has got a random
number of lines: then it is certainly in the middle of its work. Ends 0 when the merged results are
those of a run of one process, but for times and for what was known already.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

BUCKETS = ("environments-v1", "tools-v1", "uv-v1", "locks-v1")
WITHOUT = {
    "run": ("name", "started", "finished", "seconds", "jobs", "executed", "reused"),
    "artifacts": ("train_seconds", "save_seconds"),
    "cells": ("load_seconds", "predict_seconds", "peak_rss_bytes", "reused"),
}


def cache(folder, name):
    shared = pathlib.Path(os.environ["SHELFLIFE_CACHE_DIR"]).resolve()
    own = folder / name
    own.mkdir(exist_ok=True)
    for bucket in BUCKETS:
        if (shared / bucket).exists() and not (own / bucket).exists():
            (own / bucket).symlink_to(shared / bucket)
    return {**os.environ, "SHELFLIFE_CACHE_DIR": str(own)}


def lines(record):
    return record.read_bytes().count(b"\n") if record.exists() else 0


def kill(child, record, chance):
    """Kills a process with its children at a random moment; whether it was still running."""
    if chance.random() < 0.5:
        wanted, patience = None, time.monotonic() + chance.uniform(0.05, 4.0)
    else:
        wanted, patience = lines(record) + chance.randint(1, 60), time.monotonic() + 60
    while (
        child.poll() is None
        and time.monotonic() < patience
        and (wanted is None or lines(record) < wanted)
    ):
        time.sleep(0.005)
    was_running = child.poll() is None
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()
    return was_running


def timeless(path):
    results = json.loads(path.read_text())
    for key in WITHOUT["run"]:
        results["run"][key] = None
    for listed in ("artifacts", "cells"):
        for item in results[listed]:
            for key in WITHOUT[listed]:
                item[key] = None
    return results


def twice(record):
    """Cells that a record has more than once."""
    seen = collections.Counter()
    for line in record.read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "cell-observed":
            seen[json.dumps([event["artifact"], event["consumer"]], sort_keys=True)] += 1
    return [cell for cell, count in seen.items() if count > 1]


def main():
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("matrix", type=pathlib.Path)
    parser.add_argument("shards", type=int)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words[:split])
    selection = words[split + 1 :]
    binary, matrix = str(options.binary.resolve()), str(options.matrix.resolve())
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder.resolve()
    chance = random.Random(options.seed)

    def run(name, *arguments):
        with open(folder / (name + ".log"), "a") as log:
            return subprocess.call(
                [binary, *arguments],
                cwd=folder,
                env=cache(folder, "cache-" + name),
                stdout=log,
                stderr=log,
            )

    codes = [
        run(
            "plan",
            "shard",
            "plan",
            matrix,
            "--into",
            str(options.shards),
            "-o",
            "shards.json",
            *selection,
        )
    ]
    if codes != [0]:
        print((folder / "plan.log").read_text(), end="")
        return 1
    # Each kill belongs to a shard in a phase, drawn before anything runs.
    works = [
        (phase, shard) for phase in ("write", "read") for shard in range(1, options.shards + 1)
    ]
    drawn = collections.Counter(chance.choice(works) for _ in range(options.kills))
    killed = 0
    for phase, shard in works:
        name = "%s-%d" % (phase, shard)
        arguments = [
            "run",
            "--shard",
            "%d/%d" % (shard, options.shards),
            "--phase",
            phase,
            "--shards",
            "shards.json",
        ]
        record = folder / "parts" / name / "events.jsonl"
        for _ in range(drawn[phase, shard]):
            child = subprocess.Popen(
                [binary, *arguments, "--jobs", "1"],
                cwd=folder,
                env=cache(folder, "cache-" + name),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            killed += kill(child, record, chance)
        codes.append(run(name, *arguments, "--jobs", "1"))
        again = twice(record)
        if again:
            print("%s has %d cells twice: %s" % (name, len(again), again[0]))
            codes.append(1)
    codes.append(run("merge", "merge", "parts", "-o", "reports/merged"))
    codes.append(run("single", "run", matrix, "--run", "single", "--jobs", "1", *selection))
    results = [
        timeless(folder / "reports" / name / "results.json") for name in ("merged", "single")
    ]
    print("seed %d: %d kills, %d of them while it ran" % (options.seed, options.kills, killed))
    print("cells: %d; commands ended %s" % (len(results[0]["cells"]), sorted(set(codes))))
    print("results: %s" % ("the same" if results[0] == results[1] else "NOT the same"))
    return int(results[0] != results[1] or any(codes))


if __name__ == "__main__":
    sys.exit(main())
