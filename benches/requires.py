"""Holds what `requires` says of files against what they do: the range that is known without
trying, and the range that is tried at its borders with the files' own inputs.

    python benches/requires.py MUSEUM [--count 100] [--seed 0] [--shelflife PATH]

MUSEUM is a folder of `shelflife museum`, whose files have their inputs beside them. Files are drawn
by the seed, and those of one release are asked together. A known range is right where it is the
tried one, narrow where it lies within it, and wrong where it holds a release that does not read the
file. Ends with 1 where one is wrong.
"""

import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import tempfile


def version(text):
    """Sortable, for releases of scikit-learn."""
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def ask(shelflife, paths, tried, folder):
    words = [shelflife, "requires", "--json"]
    if tried:
        words += ["--try", "--reports", folder]
    done = subprocess.run(words + [str(path) for path in paths], stdout=subprocess.PIPE)
    if not done.stdout:
        sys.exit("{} ended with {}".format(" ".join(words[:3]), done.returncode))
    answer = json.loads(done.stdout.decode().splitlines()[-1])
    answer = answer.get("answer", answer)
    return {file["artifact"]: file for file in answer["artifacts"]}


def ends(file):
    """The ends of a specifier such as `>=1.2,<1.9`; `None` where nothing is known."""
    specifier = (file.get("requires") or {}).get("scikit-learn")
    if not specifier:
        return None
    lower, upper = specifier.split(",")
    return lower[2:], upper[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("museum", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shelflife", default="shelflife")
    options = parser.parse_args()
    is_model = {".pkl", ".joblib"}
    models = sorted(path for path in options.museum.glob("*/*") if path.suffix in is_model)
    if not models:
        sys.exit("no model lies in {}".format(options.museum))
    drawn = random.Random(options.seed).sample(models, min(options.count, len(models)))
    of_release = collections.defaultdict(list)
    for path in drawn:
        of_release[path.parent.name].append(path)
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for release in sorted(of_release, key=version):
            paths = of_release[release]
            known = ask(options.shelflife, paths, False, folder)
            tried = ask(options.shelflife, paths, True, folder)
            for path in sorted(known):
                one, other = ends(known[path]), ends(tried.get(path, {}))
                if one is None or other is None:
                    kind = "unknown"
                elif one == other:
                    kind = "right"
                elif version(one[0]) >= version(other[0]) and version(one[1]) <= version(other[1]):
                    kind = "narrow"
                else:
                    kind = "WRONG"
                counts[kind] += 1
                if kind != "right":
                    print("{}: {}: known {}, tried {}".format(kind, path, one, other), flush=True)
    print("{} files: {}".format(sum(counts.values()), dict(counts)))
    return 1 if counts["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main())
