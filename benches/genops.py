"""Times `pickletools.genops` and `shelflife inspect` on forests of about 180 MB, best of three.

    python benches/genops.py target/release/shelflife

Needs numpy, joblib and scikit-learn. joblib's files are no plain pickles: `genops` stops at the first array.
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


def best(work):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def walk(path):
    with open(path, "rb") as source:
        for _ in pickletools.genops(source):
            pass


program = sys.argv[1]
random = numpy.random.RandomState(0)
X, y = random.rand(12000, 5), random.rand(12000)
forest = RandomForestRegressor(150, random_state=0, n_jobs=2).fit(X, y)
with tempfile.TemporaryDirectory() as folder:
    for name in ["protocol 0", "protocol 2", "protocol 4", "protocol 5", "joblib", "joblib zlib"]:
        path = os.path.join(folder, "forest")
        if name.startswith("protocol"):
            with open(path, "wb") as target:
                pickle.dump(forest, target, protocol=int(name[-1]))
        else:
            joblib.dump(forest, path, compress=("zlib", 1) if name.endswith("zlib") else 0)
        own = best(lambda: subprocess.run([program, "inspect", "--json", path], stdout=subprocess.DEVNULL, check=True))
        size = os.path.getsize(path) / 1e6
        line = f"{name:12} {size:6.0f} MB  inspect {own:.3f} s ({size / own / 1000:.2f} GB/s)"
        if name.startswith("protocol"):
            genops = best(lambda: walk(path))
            line += f"  genops {genops:.3f} s  {genops / own:.1f} times as fast"
        print(line, flush=True)
