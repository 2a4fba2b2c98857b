#!/bin/sh
# How much longer a whole run takes than the bare minimum, and how long a second run takes.
#
#     benches/end_to_end.sh [ROUNDS]            five rounds by default
#
# Alternately, so that both see the same machine:
#   A  `shelflife run MATRIX --fresh --quiet` into a temporary folder: every model trained, saved and tried again in
#      its environments, which are cached;
#   B  benches/floor.py: the same training, saving, loading and predicting, one plain Python process per environment,
#      as many of them at a time as there are cores, nothing isolated, compared or recorded.
# Then, as often, `shelflife run MATRIX` with nothing changed.
#
# How to read the table: the ratio of a round is A / B of that round, and the ratio that counts is the median of those,
# because the load of a shared machine comes and goes between rounds. The promise is 1.5 for the quickstart. On a busy
# machine the ratio says less, since the two sides have different numbers of processes to be given a share. What the
# second run takes must not depend on the models: it starts no Python.
#
# Variables: SHELFLIFE (the program; a release build of this checkout by default), MATRIX (matrices/quickstart.toml),
# PYTHON (3.11 or later, runs floor.py's outer part; python3 by default), SHELFLIFE_CACHE_DIR (as always).
set -eu

cd "$(dirname "$0")/.."
rounds=${1:-5}
matrix=${MATRIX:-matrices/quickstart.toml}
python=${PYTHON:-python3}
if [ -z "${SHELFLIFE:-}" ]; then
    cargo build --release --quiet
    SHELFLIFE=${CARGO_TARGET_DIR:-target}/release/shelflife
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

# Makes the environments where they are not there yet, and warms the file cache for both sides.
"$SHELFLIFE" run "$matrix" --reports "$folder/first" --quiet >"$folder/first.txt" 2>&1 || {
    cat "$folder/first.txt" >&2
    exit 1
}
"$SHELFLIFE" env list --message-format json >"$folder/environments.json"

export folder matrix rounds SHELFLIFE
"$python" - "$python" <<'END'
import glob, json, os, shlex, shutil, statistics, subprocess, sys, time

python = sys.argv[1]
folder, matrix, shelflife = os.environ["folder"], os.environ["matrix"], os.environ["SHELFLIFE"]
rounds = int(os.environ["rounds"])

def starting(environment):
    """The command of an environment's interpreter."""
    root = environment["root"]
    if root is None:
        return environment["interpreter"]
    # A tree, entered without any isolation that is not needed for entering it.
    words = ["bwrap", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for name in sorted(os.listdir(root)):
        path = root + "/" + name
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), "/" + name]
        elif name in ("etc", "usr"):
            words += ["--ro-bind", path, "/" + name]
    for path in (os.getcwd(), folder):
        words += ["--bind", path, path]
    return shlex.join(words + ["/usr/bin/python3"])


# The interpreter of each environment: the cached one with the versions of the environment's lock.
listed = json.load(open(folder + "/environments.json"))
pythons = {}
for path in sorted(glob.glob(folder + "/first/*/locks/*.json")):
    lock = json.load(open(path))
    wanted = (lock["runtime"] == "rootfs", lock["python"], lock["packages"].get("scikit-learn"))
    for environment in listed:
        found = (environment["root"] is not None, environment["python"], environment["scikit_learn"])
        if environment["complete"] and found == wanted:
            pythons[os.path.basename(path)[: -len(".json")]] = starting(environment)
            break
    else:
        raise SystemExit("no cached environment fits " + path)


def timed(command):
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit("%s failed:\n%s" % (command, done.stderr))
    return seconds, done


floor_command = [python, "benches/floor.py", matrix, "--output", folder + "/floor"]
for name, interpreter in pythons.items():
    floor_command += ["--python", name + "=" + interpreter]
run_command = [shelflife, "run", matrix, "--quiet", "--reports"]

fresh, floor, second = [], [], []
for number in range(rounds):
    seconds, done = timed(run_command + ["%s/%d" % (folder, number), "--fresh"])
    fresh.append(seconds)
    shutil.rmtree(folder + "/floor", ignore_errors=True)
    seconds, done_floor = timed(floor_command)
    floor.append(seconds)
    print("round %d: run %.2f s, floor %.2f s" % (number + 1, fresh[-1], floor[-1]), file=sys.stderr)
for number in range(rounds):
    seconds, done = timed(run_command + ["%s/%d" % (folder, number)])
    if "nothing had to be executed" not in done.stderr:
        raise SystemExit("the second run executed something: " + done.stderr)
    second.append(seconds)

# Both sides must have done the same.
[results] = glob.glob("%s/%d/*/results.json" % (folder, rounds - 1))
cells = [cell for cell in json.load(open(results))["cells"] if cell["verdict"] not in ("unsupported", "env-error")]
worked = sum(cell["verdict"] in ("identical", "roundoff", "drift") for cell in cells)
facts = json.loads(done_floor.stdout)["environments"]
floor_worked = sum(fact["worked"] for fact in facts.values())
floor_cells = floor_worked + sum(fact["failed"] for fact in facts.values())
if (len(cells), worked) != (floor_cells, floor_worked):
    raise SystemExit("not the same work: %d of %d cells gave outputs in the run, %d of %d on the floor"
                     % (worked, len(cells), floor_worked, floor_cells))

ratios = [a / b for a, b in zip(fresh, floor)]


def row(what, values, unit):
    cells = ["%.2f%s" % (value, unit) for value in (statistics.median(values), min(values), max(values))]
    print("| %s | %s |" % (what, " | ".join(cells)))


print("%s: %d cells, %d environments, %d rounds, %d cores\n"
      % (matrix, len(cells), len(pythons), rounds, len(os.sched_getaffinity(0))))
print("| | median | least | most |\n| --- | --- | --- | --- |")
row("`run --fresh`", fresh, " s")
row("floor", floor, " s")
row("ratio, round by round", ratios, "")
row("second run, nothing changed", second, " s")
END
