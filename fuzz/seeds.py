"""Writes seeds for the fuzz target: small artifacts of every kind that this Python can make.

    python fuzz/seeds.py FOLDER

Needs numpy, joblib and scikit-learn.
"""
import io
import json
import pathlib
import pickle
import sys
import zipfile

import joblib
import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
X = numpy.arange(12.0).reshape(6, 2)
y = numpy.array(["a", "b", "a", "b", "a", "b"], dtype=object)
models = [LogisticRegression(), KNeighborsClassifier(2, algorithm="kd_tree"), DecisionTreeClassifier(max_depth=1)]
for model in models:
    model.fit(X, y)
    name = type(model).__name__
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (folder / f"{name}-{protocol}.pkl").write_bytes(pickle.dumps(model, protocol=protocol))
    for compress in [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)]:
        joblib.dump(model, folder / f"{name}-{compress[0] if compress else 'raw'}.joblib", compress=compress)
numpy.save(folder / "numbers.npy", X)
numpy.save(folder / "objects.npy", y, allow_pickle=True)
numpy.savez(folder / "arrays.npz", X=X, y=X.astype(">i4"))
array = io.BytesIO()
numpy.save(array, X)
with zipfile.ZipFile(folder / "model.skops", "w") as archive:
    node = {"__class__": "LogisticRegression", "__module__": "sklearn.linear_model", "__loader__": "ObjectNode"}
    archive.writestr("schema.json", json.dumps({**node, "protocol": 2, "_skops_version": "0.13.0"}))
    archive.writestr("1.npy", array.getvalue())
(folder / "model.onnx").write_bytes(b"\x08\x08\x12\x08skl2onnx\x1a\x061.17.0\x3a\x07\x0a\x05\x22\x03Mul\x42\x04\x0a\x00\x10\x0f")
