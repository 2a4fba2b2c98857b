"""Times `shelflife inspect` against Python's `pickletools.genops` in one go.

    python benches/genops.py target/release/shelflife target/release/deps/walk-*

Makes forests of at least 180 MB and 10,000 small artifacts in a temporary folder. Two comparisons for each forest: the
walk alone (`benches/walk.rs`, opening the file included, against `genops` in a running interpreter), and the whole command
with and without digests against a whole Python process that walks. Best of several times. Needs numpy, joblib and
scikit-learn. joblib's files are no plain pickles: `genops` stops at the first array there.
"""
import os
import pickle
import pickletools
import subprocess
import sys
import tempfile
import time

import joblib
import numpy
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

WALK = "import pickletools, sys\nfor _ in pickletools.genops(open(sys.argv[1], 'rb')): pass"


def best(work, times=7):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def command(*words):
    return lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True)


def genops(path):
    with open(path, "rb") as source:
        for _ in pickletools.genops(source):
            pass


def forests(folder):
    random = numpy.random.RandomState(0)
    X, y = random.rand(12000, 5), random.rand(12000)
    forest = RandomForestRegressor(190, random_state=0, n_jobs=-1).fit(X, y)
    for protocol in [0, 2, 4, 5]:
        path = os.path.join(folder, f"protocol {protocol}")
        with open(path, "wb") as target:
            pickle.dump(forest, target, protocol=protocol)
        yield path, True
    for name, compress in [("joblib", 0), ("joblib zlib", ("zlib", 1))]:
        path = os.path.join(folder, name)
        joblib.dump(forest, path, compress=compress)
        yield path, False


def small(folder):
    random = numpy.random.RandomState(0)
    X = random.rand(100, 5)
    y = (X[:, 0] > 0.5).astype(int)
    models = [LogisticRegression(), DecisionTreeClassifier(max_depth=4), make_pipeline(StandardScaler(), LogisticRegression())]
    contents = [pickle.dumps(model.fit(X, y), protocol=4 + index % 2) for index, model in enumerate(models)]
    for index in range(10_000):
        with open(os.path.join(folder, f"{index:05}.pkl"), "wb") as target:
            target.write(contents[index % 3])


program, walker = sys.argv[1:]
print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
with tempfile.TemporaryDirectory() as folder:
    for path, walkable in list(forests(folder)):
        size = os.path.getsize(path)
        seconds, complete = subprocess.run([walker, path], capture_output=True, text=True, check=True).stdout.split()
        assert complete == "true", path
        walk = float(seconds)
        full = best(command(program, "inspect", path))
        facts = best(command(program, "inspect", "--no-digest", path))
        line = f"{os.path.basename(path):12} {size / 1e6:5.0f} MB  walk {walk * 1e3:7.2f} ms ({size / walk / 1e9:6.1f} GB/s)"
        line += f"  command {full * 1e3:6.1f} ms ({size / full / 1e9:4.1f} GB/s)  --no-digest {facts * 1e3:6.1f} ms"
        if walkable:
            python, whole = best(lambda: genops(path)), best(command(sys.executable, "-c", WALK, path))
            line += f"  genops {python * 1e3:6.0f} ms = {python / walk:5.0f} walks"
            line += f"  python {whole * 1e3:6.0f} ms = {whole / full:4.1f} commands = {whole / facts:4.1f} without digest"
        print(line, flush=True)
    many = os.path.join(folder, "many")
    os.mkdir(many)
    small(many)
    for options in [[], ["--json"]]:
        print(f"10,000 small artifacts {' '.join(options):6} {best(command(program, 'inspect', *options, many), 3):.2f} s")
