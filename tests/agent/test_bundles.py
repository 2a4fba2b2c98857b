"""Estimators in what people save: by their paths, and nothing else."""

import collections
import io
import os
import pickle
import tempfile
import unittest

from shelflife_agent import bundles
from shelflife_agent.errors import InputsDoNotFit, NotAModel
from support import needs_numpy, numpy


class Model(object):
    def predict(self, rows):
        return rows


class Encoder(object):
    def transform(self, rows):
        return rows


def paths(thing):
    return [path for path, _ in bundles.estimators_in(thing)]


class Bundles(unittest.TestCase):
    def test_an_estimator_is_itself_and_others_are_found_by_their_paths(self):
        model, encoder = Model(), Encoder()
        Pair = collections.namedtuple("Pair", "scaler model")
        self.assertEqual(paths(model), [""])
        self.assertEqual(paths({"model": model, "columns": ["a"], "e": encoder}), ["model", "e"])
        self.assertEqual(paths((encoder, model)), ["0", "1"])
        self.assertEqual(paths(Pair(encoder, model)), ["scaler", "model"])
        self.assertEqual(paths({"a": {"b": [model]}}), ["a/b/0"])
        self.assertEqual(paths([model, model]), ["0"], "the same one twice is tried once")
        self.assertEqual(paths({"a/b": model, "a.b": encoder}), ["a_b", "a_b+"])

    def test_what_holds_none_holds_none(self):
        itself = []
        itself.append(itself)
        for thing in (None, 3, "text", {}, [1, 2], {"class": Model}, itself, io.BytesIO()):
            self.assertEqual(paths(thing), [])

    def test_outputs_are_asked_for_by_paths_or_of_the_only_one_that_has_them(self):
        model, encoder = Model(), Encoder()
        parts = bundles.estimators_in({"m": model, "e": encoder})
        self.assertEqual(bundles.wanted_of(["m/predict", "e/transform"], "m"), ["predict"])
        self.assertIsNone(bundles.wanted_of(None, "m"))
        self.assertIs(bundles.alone(parts, ["predict"]), model)
        self.assertIsNone(bundles.alone(parts, ["m/predict"]))
        with self.assertRaises(NotAModel):
            bundles.alone(bundles.estimators_in([Model(), Model()]), ["predict"])
        with self.assertRaises(InputsDoNotFit):
            bundles.alone(parts, ["predict_prob"])

    @needs_numpy
    def test_what_stands_beside_estimators_is_compared_as_data(self):
        model, itself = Model(), []
        itself.append(itself)
        thing = {
            "model": model,
            "t": 0.5,
            "names": ["a", None, 3],
            "deep": {"w": numpy.arange(6.0).reshape(2, 3), "none": None},
            "mixed": [1, {"k": b"x"}],
            "class": Model,
            "itself": itself,
            "complex": numpy.array([1j]),
            "long": numpy.zeros(bundles.MOST_VALUES + 1),
        }
        found = {path: value.tolist() for path, value in bundles.data_in(thing)}
        told = {
            "t": [0.5],
            "names": ["a", None, 3],
            "deep/w": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
            "deep/none": [None],
            "mixed/0": [1],
            "mixed/1/k": [b"x"],
        }
        self.assertEqual(found, told)
        self.assertEqual(bundles.data_in(model), [])
        self.assertEqual(bundles.data_in(3), [], "what is no container has no path")

    def test_pickles_one_after_another_are_all_read(self):
        folder = tempfile.mkdtemp()
        path = os.path.join(folder, "several.pkl")
        with open(path, "wb") as target:
            for thing in (1, "two", [3]):
                pickle.dump(thing, target)
        source = os.path.join(os.path.dirname(__file__), "../../src/worker/agent/formats/pickle.py")
        scope = {}
        with open(source) as text:
            exec(text.read(), scope)
        self.assertEqual(scope["load"](path, {"consecutive": True}), (1, "two", [3]))
        self.assertEqual(scope["load"](path, {}), 1)
