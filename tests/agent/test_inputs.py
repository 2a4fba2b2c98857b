import json
import os
import struct
import tempfile
import unittest

from shelflife_agent.errors import InputsDoNotFit, Missing
from shelflife_agent.inputs import MISSING, Dataset, texts_from
from support import module_or_none, needs_numpy, numpy

pandas = module_or_none("pandas")
FLOATS = struct.pack("<4d", 1, 2, 3, 4)


def text(value):
    data = value.encode("utf-8")
    return struct.pack("<I", len(data)) + data


def dataset(header, payload=b"", arrays=None):
    """A dataset from what the orchestrator would write."""
    base = {"layout": "array", "dtype": "float64", "rows": 2, "dataframe": False, "target": None}
    head = json.dumps(dict(base, **header)).encode("utf-8")
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(struct.pack("<Q", len(head)) + head + payload)
        return Dataset(path, arrays)
    finally:
        os.unlink(path)


def columns(*names, **more):
    return [dict(more, name=name, dtype="float64") for name in names]


class Wanting(object):
    """A fitted estimator that says what it was fitted on."""

    def __init__(self, width=None, names=None):
        if width is not None:
            self.n_features_in_ = width
        if names is not None:
            self.feature_names_in_ = names


class Texts(unittest.TestCase):
    def test_missing_ones_are_no_numbers(self):
        found = texts_from(text("\u00fc") + struct.pack("<I", MISSING) + text(""))
        self.assertEqual((found[0], found[2]), ("\u00fc", ""))
        self.assertNotEqual(found[1], found[1])


@needs_numpy
class Features(unittest.TestCase):
    def test_an_array(self):
        got = dataset({"columns": columns("a", "b")}, FLOATS).features()
        self.assertEqual(got.tolist(), [[1, 2], [3, 4]])
        self.assertTrue(got.dtype.isnative and got.flags.writeable)

    def test_each_call_gives_fresh_ones(self):
        data = dataset({"columns": columns("a", "b")}, FLOATS)
        data.features()[:] = 0
        self.assertEqual(data.features().tolist(), [[1, 2], [3, 4]])

    def test_columns_of_several_kinds(self):
        payload = text("x") + text("y") + struct.pack("<2q", 5, 6) + b"\1\0"
        described = [
            {"name": "a", "dtype": "text", "offset": 0, "length": 10},
            {"name": "b", "dtype": "int64", "offset": 10, "length": 16},
            {"name": "c", "dtype": "bool", "offset": 26, "length": 2},
        ]
        got = dataset({"layout": "columns", "columns": described}, payload).features()
        self.assertEqual(got.tolist(), [["x", 5, True], ["y", 6, False]])

    def test_a_column_of_texts(self):
        described = [{"name": "a", "dtype": "text", "offset": 0, "length": 10}]
        got = dataset({"layout": "text", "columns": described}, text("x") + text("y")).features()
        self.assertEqual(got, ["x", "y"])

    @unittest.skipIf(pandas is None, "pandas is not installed here")
    def test_a_table(self):
        got = dataset({"columns": columns("a", "b"), "dataframe": True}, FLOATS).features()
        self.assertEqual(list(got.columns), ["a", "b"])

    def test_arrays_of_a_module_that_is_not_there(self):
        data = dataset({"columns": columns("a", "b")}, FLOATS, arrays="no_such_arrays")
        with self.assertRaises(Missing):
            data.features()

    def test_arrays_of_another_module(self):
        data = dataset({"columns": columns("a", "b")}, FLOATS, arrays="numpy")
        self.assertEqual(data.features().tolist(), [[1, 2], [3, 4]])


@needs_numpy
class Targets(unittest.TestCase):
    def target(self, dtype, payload, wide=1):
        described = {"dtype": dtype, "offset": 0, "length": len(payload), "columns": wide}
        return dataset({"columns": [], "target": described}, payload).target()

    def test_there_may_be_none(self):
        self.assertIsNone(dataset({"columns": []}).target())

    def test_numbers_texts_and_several_columns(self):
        self.assertEqual(self.target("int64", struct.pack("<2q", 5, 6)).tolist(), [5, 6])
        self.assertEqual(self.target("text", text("a") + text("b")).tolist(), ["a", "b"])
        wide = self.target("float64", FLOATS, wide=2)
        self.assertEqual(wide.tolist(), [[1, 2], [3, 4]])

    def test_missing_texts_stay_missing(self):
        got = self.target("text", text("a") + struct.pack("<I", MISSING))
        self.assertEqual(got.dtype, object)


@needs_numpy
class Suiting(unittest.TestCase):
    """Inputs of a file from outside, brought into the form that its model wants."""

    def given(self, *names):
        return dataset({"columns": columns(*names)}, FLOATS)

    def test_columns_are_put_in_its_order(self):
        data = self.given("a", "b")
        data.suit(Wanting(2, ["b", "a"]))
        got = data.features()
        self.assertEqual(numpy.asarray(got).tolist(), [[2, 1], [4, 3]])

    def test_columns_that_it_does_not_want_are_left_out(self):
        data = self.given("a", "b")
        data.suit(Wanting(1, ["b"]))
        self.assertEqual(numpy.asarray(data.features()).tolist(), [[2], [4]])

    def test_other_names_are_taken_for_its_own(self):
        data = self.given("a", "b")
        data.suit(Wanting(2, ["p", "q"]))
        self.assertEqual(numpy.asarray(data.features()).tolist(), [[1, 2], [3, 4]])

    def test_too_few_columns(self):
        with self.assertRaises(InputsDoNotFit) as raised:
            self.given("a", "b").suit(Wanting(3, ["a", "b", "c"]))
        self.assertIn("are missing columns that the model was fitted on: c", str(raised.exception))
        with self.assertRaises(InputsDoNotFit) as raised:
            self.given("a", "b").suit(Wanting(3))
        self.assertIn("have 2 columns, but the model was fitted on 3", str(raised.exception))

    def test_synthetic_ones_have_its_width(self):
        data = dataset({"layout": "synthetic", "seed": 1, "rows": 3, "columns": []})
        data.suit(Wanting(4))
        got = data.features()
        self.assertEqual(got.shape, (3, 4))
        self.assertTrue((abs(got) <= 2).all())
        again = dataset({"layout": "synthetic", "seed": 1, "rows": 3, "columns": []})
        again.suit(Wanting(4))
        self.assertEqual(again.features().tolist(), got.tolist())

    def test_synthetic_ones_of_unknown_width(self):
        data = dataset({"layout": "synthetic", "seed": 1, "rows": 3, "columns": []})
        with self.assertRaises(InputsDoNotFit):
            data.suit(Wanting())

    def test_a_pipeline_says_it_by_its_first_step(self):
        class Pipeline(object):
            steps = [("a", Wanting(3)), ("b", Wanting(9))]

        data = dataset({"layout": "synthetic", "seed": 1, "rows": 1, "columns": []})
        data.suit(Pipeline())
        self.assertEqual(data.features().shape, (1, 3))

    def test_a_property_that_raises_says_nothing(self):
        class Raising(object):
            @property
            def n_features_in_(self):
                raise RuntimeError

        self.given("a", "b").suit(Raising())


if __name__ == "__main__":
    unittest.main()
