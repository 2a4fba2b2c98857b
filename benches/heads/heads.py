"""Is the gate of a library's head right? Breaks a small library in 20 ways and changes it in 20 innocent ones.

    python3 benches/heads/heads.py target/release/shelflife

Makes a museum of two releases, then tries 40 heads against it, one at a time, and prints what the gate said of each. Ends 1
where a broken head passed, or an innocent one did not. The library has three estimators in three modules, a base class, a
private helper, and state of several kinds: arrays, integers, a dictionary, another object.
"""

import os
import shutil
import subprocess
import sys
import tempfile

PROJECT = """[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"
[project]
name = "tinylearn"
version = "{version}"
dependencies = ["numpy"]
[tool.setuptools]
packages = ["tinylearn"]
"""

LIBRARY = {
    "__init__.py": """from .nearest import Nearest
from .scale import Scale
from .vote import Vote

__all__ = ["Nearest", "Scale", "Vote"]
""",
    "_base.py": """import numpy as np


def check(X):
    return np.asarray(X, dtype=float)


class Base:
    def get_params(self):
        return {name: value for name, value in self.__dict__.items() if not name.endswith("_")}
""",
    "nearest.py": """import numpy as np

from ._base import Base, check


class Nearest(Base):
    def __init__(self, k=3, power=2):
        self.k = k
        self.power = power

    def fit(self, X, y=None):
        self.centers_ = check(X)[: self.k]
        self.sizes_ = np.arange(1, self.k + 1, dtype=np.int64)
        return self

    def distances(self, X):
        return (np.abs(check(X)[:, None, :] - self.centers_[None]) ** self.power).sum(axis=2)

    def predict(self, X):
        return (self.distances(X) * self.sizes_).argmin(axis=1)

    def decision_function(self, X):
        return -self.distances(X).min(axis=1)
""",
    "scale.py": """import numpy as np

from ._base import Base, check


class Scale(Base):
    def __init__(self, center=True):
        self.center = center

    def fit(self, X, y=None):
        X = check(X)
        self.mean_ = X.mean(axis=0)
        self.spread_ = X.std(axis=0)
        return self

    def transform(self, X):
        X = check(X)
        if self.center:
            X = X - self.mean_
        return X / self.spread_
""",
    "vote.py": """import numpy as np

from ._base import Base, check
from .nearest import Nearest
from .scale import Scale


class Table:
    def __init__(self, counts):
        self.counts = counts

    def best(self, cluster):
        return max(sorted(self.counts[cluster].items()), key=lambda pair: pair[1])[0]


class Vote(Base):
    def __init__(self, k=3):
        self.k = k

    def fit(self, X, y):
        self.scale_ = Scale().fit(X)
        self.nearest_ = Nearest(k=self.k).fit(self.scale_.transform(X))
        counts = {cluster: {} for cluster in range(self.k)}
        for cluster, label in zip(self.nearest_.predict(self.scale_.transform(X)).tolist(), np.asarray(y).tolist()):
            counts[cluster][label] = counts[cluster].get(label, 0) + 1
        self.table_ = Table({cluster: found or {0: 1} for cluster, found in counts.items()})
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        clusters = self.nearest_.predict(self.scale_.transform(check(X)))
        return np.array([self.table_.best(cluster) for cluster in clusters.tolist()])
""",
}

MATRIX = """[matrix]
package = "tinylearn"

[defaults]
dataset = "blobs"
formats = ["pickle"]

[[environments]]
python = "3.11"
packages = { tinylearn = ["./first", "./second"] }

[datasets.blobs]
path = "blobs.csv"
target = "label"

[[models]]
name = "nearest"
estimator = "tinylearn.Nearest(k=4)"

[[models]]
name = "scale"
estimator = "tinylearn.Scale()"

[[models]]
name = "vote"
estimator = "tinylearn.Vote()"
"""


def swap(name, *pairs):
    """A change of one module: texts and what takes their place."""

    def change(library):
        for old, new in pairs:
            assert old in library[name], (name, old)
            library[name] = library[name].replace(old, new)

    return change


def move(old, new):
    """A module gets another name, and everybody inside imports it from there."""

    def change(library):
        library[new + ".py"] = library.pop(old + ".py")
        for name in library:
            library[name] = library[name].replace("from .%s import" % old, "from .%s import" % new)

    return change


def both(*changes):
    def change(library):
        for one in changes:
            one(library)

    return change


FILL = """
    def __setstate__(self, state):
        state = dict(state)
        %s
        self.__dict__.update(state)
"""

BROKEN = {
    "attribute renamed": swap("nearest.py", ("centers_", "centroids_")),
    "attribute of a helper renamed": swap("vote.py", ("self.counts", "self.votes")),
    "module moved": move("scale", "scaling"),
    "private module of a pickled class moved": move("vote", "_vote"),
    "class renamed": both(swap("scale.py", ("class Scale", "class Scaler")), swap("__init__.py", ("import Scale", "import Scaler as Scale")), swap("vote.py", ("import Scale", "import Scaler as Scale"))),
    "helper class renamed": swap("vote.py", ("Table", "Tally")),
    "helper class made local": swap("vote.py", ("class Table:\n", "def tables():\n  class Table:\n"), ("    def __init__(self, counts):\n        self.counts = counts\n\n    def best(self, cluster):\n        return max(sorted(self.counts[cluster].items()), key=lambda pair: pair[1])[0]\n", "    def __init__(self, counts):\n        self.counts = counts\n\n    def best(self, cluster):\n        return max(sorted(self.counts[cluster].items()), key=lambda pair: pair[1])[0]\n  return Table\n"), ("self.table_ = Table(", "self.table_ = tables()(")),
    "default that predict reads": swap("nearest.py", ("** self.power", "** (self.power + 1)")),
    "axis of a mean": swap("nearest.py", ("self.sizes_).argmin(axis=1)", "self.sizes_[::-1]).argmin(axis=1)")),
    "sign of a score": swap("nearest.py", ("return -self.distances", "return self.distances")),
    "spread with one degree of freedom less": swap("scale.py", ("return X / self.spread_", "return X / (self.spread_ * np.sqrt(150 / 149))")),
    "centering forgotten": swap("scale.py", ("if self.center:", "if self.center is None:")),
    "float32 inside": swap("_base.py", ("dtype=float", "dtype=np.float32")),
    "ties decided otherwise": swap("vote.py", ("key=lambda pair: pair[1]", "key=lambda pair: -pair[1]")),
    "new attribute without a default": swap("scale.py", ("return X / self.spread_", "return X / self.spread_ + self.shift_"), ("self.spread_ = X", "self.shift_ = 0.0\n        self.spread_ = X")),
    "parameter without a default": swap("nearest.py", ("return (np.abs", "if self.metric != 'own':\n            raise ValueError('metric')\n        return (np.abs"), ("self.power = power", "self.power = power\n        self.metric = 'own'")),
    "keys of a dictionary": swap("vote.py", ("self.counts[cluster]", "self.counts[str(cluster)]")),
    "method gone": swap("nearest.py", ("def decision_function", "def scores")),
    "setstate that loses an attribute": swap("scale.py", ("    def transform", FILL.lstrip("\n") % "state.pop('mean_', None)" + "\n    def transform")),
    "labels as places": swap("vote.py", ("return np.array([self.table_.best(cluster) for cluster in clusters.tolist()])", "return np.searchsorted(self.classes_, [self.table_.best(cluster) for cluster in clusters.tolist()])")),
}

INNOCENT = {
    "nothing": lambda library: None,
    "docstrings": swap("nearest.py", ("class Nearest(Base):\n", 'class Nearest(Base):\n    """Nearest centers."""\n\n')),
    "private helper renamed": both(*[swap(name, ("check", "checked")) for name in ("_base.py", "nearest.py", "scale.py", "vote.py")]),
    "attribute renamed, old state read": swap("nearest.py", ("centers_", "centroids_"), ("    def distances", FILL.lstrip("\n") % "state['centroids_'] = state.pop('centers_', state.get('centroids_'))" + "\n    def distances")),
    "module moved, old name kept": both(move("scale", "scaling"), lambda library: library.update({"scale.py": "from .scaling import Scale\n"})),
    "class renamed, old name kept": both(swap("scale.py", ("class Scale", "class Scaler")), lambda library: library.update({"scale.py": library["scale.py"] + "\n\nScale = Scaler\n"})),
    "base class renamed": both(*[swap(name, ("Base", "Estimator")) for name in ("_base.py", "nearest.py", "scale.py", "vote.py")]),
    "new attribute with a default": swap("scale.py", ("return X / self.spread_", "return X / self.spread_ + getattr(self, 'shift_', 0.0)"), ("self.spread_ = X", "self.shift_ = 0.0\n        self.spread_ = X")),
    "new parameter with a default": swap("nearest.py", ("return (np.abs", "if getattr(self, 'metric', 'own') != 'own':\n            raise ValueError('metric')\n        return (np.abs"), ("k=3, power=2", "k=3, power=2, metric='own'"), ("self.power = power", "self.power = power\n        self.metric = metric")),
    "new estimator": lambda library: library.update({"more.py": "from ._base import Base\n\n\nclass More(Base):\n    pass\n", "__init__.py": library["__init__.py"] + "from .more import More\n"}),
    "new method": swap("nearest.py", ("    def predict", "    def fit_predict(self, X, y=None):\n        return self.fit(X).predict(X)\n\n    def predict")),
    "order of a sum": swap("nearest.py", (".sum(axis=2)", "[:, :, ::-1].sum(axis=2)")),
    "division as a product": swap("scale.py", ("return X / self.spread_", "return X * (1.0 / self.spread_)")),
    "einsum": swap("scale.py", ("X = X - self.mean_", "X = np.subtract(X, self.mean_)")),
    "slots of nothing": swap("vote.py", ("class Table:\n", "class Table:\n    kind = 'table'\n\n")),
    "fit in another way": swap("nearest.py", ("check(X)[: self.k]", "check(X)[: self.k].copy()")),
    "fit of integers": swap("nearest.py", ("np.arange(1, self.k + 1, dtype=np.int64)", "np.array(range(1, self.k + 1), dtype=np.int64)")),
    "typing": swap("_base.py", ("def check(X):", "def check(X: object) -> np.ndarray:")),
    "local variable": swap("vote.py", ("clusters", "found_clusters")),
    "imports inside": swap("vote.py", ("from ._base import Base, check\n", "from . import _base\n\nBase, check = _base.Base, _base.check\n")),
}


def write(folder, version, library):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "tinylearn"))
    with open(os.path.join(folder, "pyproject.toml"), "w") as file:
        file.write(PROJECT.format(version=version))
    for name, text in library.items():
        with open(os.path.join(folder, "tinylearn", name), "w") as file:
            file.write(text)


def main():
    program = os.path.abspath(sys.argv[1])
    wrong = 0
    with tempfile.TemporaryDirectory(dir=os.getcwd()) as place:
        blobs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../datasets/blobs.csv")
        shutil.copy(blobs, os.path.join(place, "blobs.csv"))
        write(os.path.join(place, "first"), "0.1.0", LIBRARY)
        write(os.path.join(place, "second"), "0.2.0", LIBRARY)
        with open(os.path.join(place, "releases.toml"), "w") as file:
            file.write(MATRIX)
        subprocess.run([program, "-q", "museum", "releases.toml"], cwd=place, check=True)
        for kind, changes, wanted in (("broken", BROKEN, 100), ("innocent", INNOCENT, 0)):
            for name, change in changes.items():
                library = dict(LIBRARY)
                change(library)
                write(os.path.join(place, "head"), "0.3.0", library)
                command = [program, "-q", "gate", "museum", "--head", "head"]
                done = subprocess.run(command, cwd=place, capture_output=True, text=True)
                verdict = done.stderr.strip().splitlines()[-1].split(" (reports")[0]
                is_right = done.returncode == wanted
                wrong += not is_right
                print("%-9s %-45s %3d  %s%s" % (kind, name, done.returncode, verdict, "" if is_right else "   WRONG"))
                sys.stdout.flush()
    print("%d heads, %d wrong" % (len(BROKEN) + len(INNOCENT), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
