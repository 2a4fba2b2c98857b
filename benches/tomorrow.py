"""Measures forecasts into releases that nobody has run: leave one minor out.

For each release of a recorded run, the files of all earlier releases are forecast into it from its wheel alone
(`shelflife forecast --from-release`: no rule and no evidence speaks), and the answers are scored against what the run saw.

    python3 benches/tomorrow.py reports/estimators CACHE [--shelflife PATH] [--only 1.3.2] [--misses FILE]
    python3 benches/tomorrow.py reports/numpy-two CACHE --package numpy
    python3 benches/tomorrow.py reports/boosters CACHE --package xgboost --models 'xgb-*'

CACHE is the cache of that run, which holds the files by their digests. Prints the table of docs/tomorrow.md.
"""

import argparse
import collections
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
import time

WORKS = {"identical", "roundoff"}
BREAKS = {"load-error", "predict-error"}
FIRST = (1, 1)


def minor(version):
    return tuple(int(part) for part in version.split(".")[:2])


def releases(record, package):
    """The release of a package by environment."""
    found = {}
    for environment in record["environments"]:
        version = environment["packages"].get(package)
        if version:
            found[environment["name"]] = version
    return found


def objects(cache):
    found = {}
    for folder, _, names in os.walk(os.path.join(cache, "objects-v1")):
        for name in names:
            found[os.path.basename(folder) + name] = os.path.join(folder, name)
    return found


def files_of(record, cache, folder):
    """Links to the files of a run, with the names of their artifacts."""
    stored = objects(cache)
    names = {}
    for artifact in record["artifacts"]:
        digest = artifact["digest"]
        if digest not in stored:
            continue
        name = artifact["id"].replace("/", "@")
        os.symlink(stored[digest], os.path.join(folder, name))
        names[name] = artifact
    return names


def forecasts(shelflife, package, version, paths):
    """The answer for each file, and the seconds that it took."""
    command = [shelflife, "forecast", "--json", "--from-release", "--to", package + "==" + version]
    began = time.time()
    answers = {}
    for at in range(0, len(paths), 500):
        done = subprocess.run(command + paths[at : at + 500], stdout=subprocess.PIPE)
        for line in done.stdout.decode().splitlines():
            answer = json.loads(line)
            said = answer.get("forecast") or {"expected": "unknown"}
            answers[os.path.basename(answer["artifact"])] = said
    return answers, time.time() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run")
    parser.add_argument("cache")
    parser.add_argument("--package", default="scikit-learn")
    parser.add_argument("--models", default="*", help="only models of such a name")
    parser.add_argument("--shelflife", default="shelflife")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--misses", help="write the answers that were wrong here, a line each")
    parser.add_argument("--every", action="store_true", help="write those that were right there too")
    options = parser.parse_args()
    with open(os.path.join(options.run, "results.json")) as file:
        record = json.load(file)
    seen = {(cell["artifact"], cell["consumer"]): cell for cell in record["cells"]}
    release = releases(record, options.package)
    first = FIRST if options.package == "scikit-learn" else ()
    consumers = [name for name, version in release.items() if minor(version) >= first]
    misses = []
    totals = collections.Counter()
    print("| into | files | breaks said | right | breaks seen | found | works said | right | drift seen | of it works | s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        names = files_of(record, options.cache, folder)
        for consumer in sorted(consumers, key=lambda name: minor(release[name])):
            version = release[consumer]
            if options.only and version not in options.only:
                continue
            wanted = [
                name
                for name, artifact in names.items()
                if artifact["producer"] in release
                and minor(release[artifact["producer"]]) < minor(version)
                and fnmatch.fnmatch(artifact["model"], options.models)
                and seen.get((artifact["id"], consumer), {}).get("verdict") in WORKS | BREAKS | {"drift"}
            ]
            if not wanted:
                continue
            paths = [os.path.join(folder, name) for name in wanted]
            answers, seconds = forecasts(options.shelflife, options.package, version, paths)
            count = collections.Counter(files=len(wanted))
            for name in wanted:
                cell = seen[names[name]["id"], consumer]
                answer = answers.get(name)
                if answer is None:
                    print("no answer for", name, file=sys.stderr)
                    continue
                said = answer["expected"]
                truth = "works" if cell["verdict"] in WORKS else "breaks" if cell["verdict"] in BREAKS else "drift"
                count["said " + said] += 1
                count["seen " + truth] += 1
                count[said + " " + truth] += 1
                is_missed = options.every or (said == "breaks") != (truth == "breaks") or (said == "works" and truth != "works")
                if is_missed:
                    misses.append(
                        {
                            "artifact": names[name]["id"],
                            "into": version,
                            "said": said,
                            "because": answer.get("because"),
                            "seen": cell["verdict"],
                            "stage": cell["stage"],
                            "error": (cell["error"] or {}).get("message"),
                        }
                    )
            totals.update(count)
            print(row(version, count, seconds), flush=True)
    print(row("all", totals, None))
    if options.misses:
        with open(options.misses, "w") as file:
            for miss in misses:
                file.write(json.dumps(miss) + "\n")


def row(version, count, seconds):
    share = lambda part, whole: "{:.3f}".format(part / whole) if whole else "-"
    cells = [
        version,
        count["files"],
        count["said breaks"],
        share(count["breaks breaks"], count["said breaks"]),
        count["seen breaks"],
        share(count["breaks breaks"], count["seen breaks"]),
        count["said works"],
        share(count["works works"], count["said works"]),
        count["seen drift"],
        count["works drift"],
        "" if seconds is None else "{:.0f}".format(seconds),
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
