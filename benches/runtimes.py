"""What a runtime costs: the same cells by the same interpreter, entered in different ways.

    python benches/runtimes.py [--rounds N] [--shelflife PROGRAM]

Alternately, each time `shelflife run --fresh --jobs 1` with one environment that writes the models of the zoo (half of
them in two formats) and reads them again:

- a virtual environment, started directly, and the very same one inside bubblewrap (through `existing`): what the sandbox
  costs a cell. Promised is 1.1.
- a Debian tree (amd64) entered with bubblewrap, and an image that was imported from that very tree, by docker: what the
  engine costs. One container serves all cells, so its start is shared out among them.

The figure is the seconds that cells and trainings took as the interpreter itself counted them, plus, in the second table,
the whole run from command to report, start-up included. The second part is left out, with the reason, where bubblewrap,
root or docker are missing. `docker/with-daemon.sh python benches/runtimes.py` starts a daemon where none runs.

Needs Python 3.11 or later, and shelflife's cache where the environments are or will be made.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MATRIX = """
extends = "%s/matrices/zoo.toml"

[matrix]
name = "%s"

%s
"""
VENV = """[[environments]]
name = "sk{scikit-learn}"
python = "3.11"
packages = { scikit-learn = "1.2.2", numpy = "1.23.5" }
"""
EXISTING = """[[environments]]
name = "boxed"
runtime = "existing"
command = %s
"""
TREE = """[[environments]]
name = "{suite}-{arch}"
runtime = "rootfs"
suite = "bookworm"
arch = "amd64"
"""
IMAGE = """[[environments]]
name = "image"
runtime = "container"
image = "shelflife-bench/bookworm-amd64"
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shelflife", default=os.path.join(HERE, "target", "release", "shelflife"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(os.path.abspath(arguments.shelflife), folder, arguments.rounds)
        cores = len(os.sched_getaffinity(0))
        print("| | venv | the same in bubblewrap | ratio of a cell | ratio of the run |\n| --- | --- | --- | --- | --- |")
        bench.run("venv", VENV, "--quiet")
        [python] = bench.interpreters(root=False)
        cache = os.environ.get("SHELFLIFE_CACHE_DIR", os.path.expanduser("~/.cache/shelflife"))
        box = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/"]
        box += ["--dev", "/dev", "--proc", "/proc", "--bind", cache, cache, python]
        bench.compare(("venv", VENV), ("boxed", EXISTING % json.dumps(box)))
        print("\n%d rounds, %d cores" % (arguments.rounds, cores))

        if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
            raise SystemExit("docker does not answer, so images were not tried")
        bench.run("tree", TREE, "--quiet")
        [root] = bench.interpreters(root=True)
        tar = subprocess.Popen(["tar", "-C", root, "--exclude=./dev/*", "-c", "."], stdout=subprocess.PIPE)
        subprocess.run(
            ["docker", "import", "-", "shelflife-bench/bookworm-amd64"], stdin=tar.stdout, check=True, capture_output=True
        )
        print("\n| | tree in bubblewrap | image in docker | ratio of a cell | ratio of the run |\n| --- | --- | --- | --- | --- |")
        bench.compare(("tree", TREE), ("image", IMAGE))
        print("\n%d rounds, %d cores" % (arguments.rounds, cores))
        subprocess.run(["docker", "image", "rm", "shelflife-bench/bookworm-amd64"], capture_output=True)


class Bench:
    def __init__(self, shelflife, folder, rounds):
        self.shelflife, self.folder, self.rounds = shelflife, folder, rounds
        self.environment = None

    def run(self, name, environment, *more):
        """Runs it; the seconds inside cells, how many there were, and the seconds of the whole command."""
        path = os.path.join(self.folder, name + ".toml")
        with open(path, "w", encoding="utf-8") as target:
            target.write(MATRIX % (HERE, name, environment))
        reports = tempfile.mkdtemp(dir=self.folder)
        start = time.perf_counter()
        done = subprocess.run(
            [self.shelflife, "run", path, "--jobs", "1", "--reports", reports, *more], capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise SystemExit("%s failed:\n%s%s" % (name, done.stdout, done.stderr))
        cells, count = 0.0, 0
        with open(os.path.join(reports, name, "events.jsonl"), encoding="utf-8") as lines:
            for event in map(json.loads, lines):
                if event["event"] == "environment-failed":
                    raise SystemExit("%s: %s" % (name, event["reason"]))
                if event["event"] == "environment-ready":
                    self.lock = event["lock"]
                if event["event"] == "cell-observed":
                    observation = event["observation"]
                    cells += (observation.get("load_seconds") or 0) + (observation.get("predict_seconds") or 0)
                    count += 1
        return cells, count, seconds

    def interpreters(self, root):
        """The interpreters (or roots) of cached environments that have just these packages."""
        listed = subprocess.run(
            [self.shelflife, "env", "list", "--message-format", "json"], capture_output=True, text=True, check=True
        )
        found = []
        for environment in json.loads(listed.stdout):
            same = (environment["python"], environment["scikit_learn"]) == (
                self.lock["python"],
                self.lock["packages"]["scikit-learn"],
            )
            if not (environment["complete"] and same and (environment["root"] is not None) == root):
                continue
            if root:
                if "debian bookworm amd64" in environment["requirements"]:
                    found.append(environment["root"])
            else:
                version = "import numpy; print(numpy.__version__)"
                numpy = subprocess.run([environment["interpreter"], "-c", version], capture_output=True, text=True)
                if numpy.stdout.strip() == self.lock["packages"]["numpy"]:
                    found.append(environment["interpreter"])
        return found[:1]

    def compare(self, first, second):
        """One row a round, A and B after one another."""
        by_cell, by_run = [], []
        for number in range(self.rounds):
            a = self.run(*first, "--quiet", "--fresh")
            b = self.run(*second, "--quiet", "--fresh")
            if a[1] != b[1]:
                raise SystemExit("not the same work: %d and %d cells" % (a[1], b[1]))
            by_cell.append(b[0] / a[0])
            by_run.append(b[2] / a[2])
            row = "| round %d, %d cells | %.2f ms a cell, %.1f s in all | %.2f ms a cell, %.1f s in all | %.2f | %.2f |"
            print(
                row % (number + 1, a[1], 1e3 * a[0] / a[1], a[2], 1e3 * b[0] / b[1], b[2], by_cell[-1], by_run[-1]),
                flush=True,
            )
        print("| median | | | %.2f | %.2f |" % (statistics.median(by_cell), statistics.median(by_run)))


if __name__ == "__main__":
    main()
