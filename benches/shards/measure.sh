#!/bin/sh
# What it costs to do a run in shards: the CPU of all shards, one after another, against that of the run of one process, and how
# even the shards are. Wanted (docs/scale.md says what was measured): at most 1.3 times the CPU of the single run; with the times of an earlier run the slowest
# shard of a phase takes at most 1.15 times the mean; the results are the same.
#
#     benches/shards/measure.sh BINARY MATRIX SHARDS FOLDER [SELECTION...]
#
# FOLDER is new and gets everything. The environments are those of SHELFLIFE_CACHE_DIR, which is only linked to: what is
# observed goes to caches in FOLDER, a new one for the single run and one for each shard and phase, as on machines that share
# nothing but the parts.
set -eu
binary=$(readlink -f "$1")
matrix=$(readlink -f "$2")
shards=$3
folder=$4
shift 4
environments=$(readlink -f "${SHELFLIFE_CACHE_DIR:?set it to a cache with the environments}")
mkdir -p "$folder"
cd "$folder"

cache() {
    mkdir -p "$1"
    for bucket in environments-v1 tools-v1 uv-v1 locks-v1; do
        if [ -e "$environments/$bucket" ]; then ln -sfn "$environments/$bucket" "$1/$bucket"; fi
    done
    SHELFLIFE_CACHE_DIR=$(readlink -f "$1")
    export SHELFLIFE_CACHE_DIR
}

# Seconds of processor time of a command with everything that it starts, and of the clock, as a line of a table. Interpreters
# are killed and not waited for, so that a control group counts; making one needs root.
measured() {
    name=$1
    shift
    python3 - "$name" "$@" <<'PYTHON'
import os, subprocess, sys, time

first, unified = "/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup"
old = os.path.isdir(first)
group = os.path.join(first if old else unified, "shelflife-measure-%d" % os.getpid())
os.mkdir(group)


def used():
    if old:
        return int(open(os.path.join(group, "cpuacct.usage")).read()) / 1e9
    stat = dict(line.split() for line in open(os.path.join(group, "cpu.stat")))
    return int(stat["usage_usec"]) / 1e6


def enter():
    with open(os.path.join(group, "cgroup.procs"), "w") as processes:
        processes.write(str(os.getpid()))


started = time.monotonic()
with open(sys.argv[1] + ".log", "w") as log:
    code = subprocess.call(sys.argv[2:], stdout=log, stderr=log, preexec_fn=enter)
with open("times.tsv", "a") as table:
    row = (sys.argv[1], used(), time.monotonic() - started, code)
    print("%s\t%.1f\t%.1f\t%d" % row, file=table)
for _ in range(50):
    try:
        os.rmdir(group)
        break
    except OSError:
        time.sleep(0.1)
PYTHON
}

rm -f times.tsv
cache cache-single
measured single "$binary" run "$matrix" --run single --jobs 1 "$@"
"$binary" shard plan "$matrix" --into "$shards" -o shards.json --times single "$@" > plan.txt
for phase in write read; do
    for shard in $(seq "$shards"); do
        cache "cache-$phase-$shard"
        measured "$phase-$shard" "$binary" run --shard "$shard/$shards" --phase "$phase" --shards shards.json --jobs 1
        # What a shard observed would not be on another machine either.
        rm -rf "cache-$phase-$shard"
    done
done
cache cache-merge
measured merge "$binary" merge parts -o reports/merged
python3 - <<'PYTHON'
import json

rows = [line.rstrip("\n").split("\t") for line in open("times.tsv")]
cpu = {name: float(used) for name, used, _, _ in rows}
shards = {name: used for name, used in cpu.items() if name not in ("single", "merge")}
print("single run: %.1f s of CPU" % cpu["single"])
print("all shards: %.1f s of CPU, %.2f times that" % (sum(shards.values()), sum(shards.values()) / cpu["single"]))
for phase in ("write", "read"):
    own = [used for name, used in shards.items() if name.startswith(phase)]
    mean = sum(own) / len(own)
    print("%s: mean %.1f s, slowest %.1f s, %.2f times that" % (phase, mean, max(own), max(own) / mean))
print("merge: %.1f s" % cpu["merge"])


digests = {}


def timeless(path):
    results = json.load(open(path))
    run = results["run"]
    for key in ("name", "started", "finished", "seconds", "jobs"):
        run[key] = None
    for artifact in results["artifacts"]:
        artifact["train_seconds"] = artifact["save_seconds"] = None
        # scikit-learn 1.3.0 writes what was in memory between the fields of its trees: the same training twice gives two files.
        digests.setdefault(artifact["id"], set()).add(artifact.pop("digest"))
    for cell in results["cells"]:
        cell["load_seconds"] = cell["predict_seconds"] = cell["peak_rss_bytes"] = None
    return results


one, many = timeless("reports/single/results.json"), timeless("reports/merged/results.json")
print("results: %s" % ("the same" if one == many else "NOT the same"))
random = sorted(name for name, both in digests.items() if len(both) > 1)
print("files with other bytes: %d %s" % (len(random), " ".join(random)))
PYTHON
