import json
import os
import struct
import tempfile
import unittest

from shelflife_agent import inputs
from shelflife_agent.columns import MISSING, column_values, revived, texts_from
from shelflife_agent.errors import InputsDoNotFit, Missing
from shelflife_agent.forms import selects_by_name
from shelflife_agent.inputs import Dataset
from support import module_or_none, needs_numpy, numpy

pandas = module_or_none("pandas")
FLOATS = struct.pack("<4d", 1, 2, 3, 4)


def text(value):
    data = value.encode("utf-8")
    return struct.pack("<I", len(data)) + data


def dataset(header, payload=b"", arrays=None):
    """A dataset from what the orchestrator would write."""
    base = {"layout": "array", "dtype": "float64", "rows": 2, "dataframe": False, "target": None}
    base["named"] = True
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


def suited(data, estimator):
    """The inputs in the likeliest form."""
    forms, trouble = data.forms(estimator)
    data.take(forms[0])
    return data.features(), forms, trouble


class Step(object):
    """Something that selects columns, or holds what does."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Names(unittest.TestCase):
    def test_columns_by_name_are_found_wherever_they_are_chosen(self):
        by_name = Step(transformers=[("n", None, ["a", "b"])])
        self.assertTrue(selects_by_name(by_name))
        self.assertTrue(selects_by_name(Step(transformers=[("n", None, "a")])))
        self.assertTrue(selects_by_name(Step(transformers=[("n", None, lambda frame: ["a"])])))
        self.assertTrue(selects_by_name(Step(transformers=[("n", None, slice("a", "c"))])))
        self.assertTrue(selects_by_name(Step(features=[("a", None)])))
        self.assertTrue(selects_by_name(Step(steps=[("columns", by_name), ("model", Step())])))
        self.assertTrue(selects_by_name(Step(transformer_list=[("one", Step()), ("two", by_name)])))
        self.assertTrue(selects_by_name(Step(best_estimator_=Step(estimators=[by_name]))))

    def test_places_and_masks_are_no_names(self):
        for columns in ([0, 1], slice(0, 2), 0, [True, False]):
            self.assertFalse(selects_by_name(Step(transformers=[("n", None, columns)])))
        self.assertFalse(selects_by_name(Step(steps=[("one", Step()), ("two", Step())])))

    def test_one_that_holds_itself_ends(self):
        ring = Step()
        ring.estimator = ring
        self.assertFalse(selects_by_name(ring))


@needs_numpy
class Forms(unittest.TestCase):
    """Inputs of a file from outside, brought into the form that its model wants."""

    def given(self, *names):
        return dataset({"columns": columns(*names)}, FLOATS)

    def test_columns_are_put_in_its_order(self):
        got, _, trouble = suited(self.given("a", "b"), Wanting(2, ["b", "a"]))
        self.assertEqual(numpy.asarray(got).tolist(), [[2, 1], [4, 3]])
        self.assertIsNone(trouble)

    def test_columns_that_it_does_not_want_are_left_out(self):
        got, _, trouble = suited(self.given("a", "b"), Wanting(1, ["b"]))
        self.assertEqual(numpy.asarray(got).tolist(), [[2], [4]])
        self.assertIsNone(trouble)

    def test_other_names_are_taken_for_its_own(self):
        got, _, _ = suited(self.given("a", "b"), Wanting(2, ["p", "q"]))
        self.assertEqual(numpy.asarray(got).tolist(), [[1, 2], [3, 4]])
        if pandas is not None:
            self.assertEqual(list(got.columns), ["p", "q"])

    def test_too_few_columns_are_said_where_nothing_can_be_had(self):
        with self.assertRaises(InputsDoNotFit) as raised:
            self.given("a", "b").forms(Wanting(3, ["a", "b", "c"]))
        self.assertIn("are missing columns that the model was fitted on: c", str(raised.exception))
        if pandas is not None:
            by_name = Wanting(3, ["a", "b", "c"])
            by_name.transformers = [("n", None, ["a"])]
            _, forms, trouble = suited(self.given("a", "b"), by_name)
            self.assertEqual(forms, ["frame"], "no other is taken for a missing one")
            self.assertIn("missing columns", trouble)
        _, _, trouble = suited(self.given("a", "b"), Wanting(3))
        self.assertIn("have 2 columns, but the model was fitted on 3", trouble)

    def test_what_is_no_number_of_inputs_says_nothing(self):
        for odd in (Wanting(0), Step(n_features_=7), Step(coef_=numpy.zeros((1, 9)))):
            self.assertIsNone(suited(self.given("a", "b"), odd)[2])

    def test_one_dimension_stays_one_and_is_a_column_where_that_is_wanted(self):
        data = dataset({"columns": [], "shape": [4], "rows": 4, "named": False}, FLOATS)
        got, forms, _ = suited(data, Wanting())
        self.assertEqual(got.tolist(), [1, 2, 3, 4])
        data.take(forms[1])
        self.assertEqual(data.features().shape, (4, 1))
        cube = dataset({"columns": [], "shape": [1, 2, 2], "rows": 1, "named": False}, FLOATS)
        self.assertEqual(suited(cube, Wanting(4))[0].shape, (1, 2, 2))

    def test_one_column_may_be_wanted_as_a_line(self):
        data = dataset({"columns": columns("a"), "rows": 4}, FLOATS)
        _, forms, _ = suited(data, Wanting())
        self.assertEqual(forms[0], "array")
        data.take(forms[-1])
        self.assertEqual(data.features().tolist(), [1, 2, 3, 4])

    @unittest.skipIf(pandas is None, "pandas is not installed here")
    def test_a_frame_where_columns_are_chosen_by_name(self):
        got, forms, _ = suited(self.given("a", "b"), Step(transformers=[("n", None, ["a"])]))
        self.assertEqual((list(got.columns), forms), (["a", "b"], ["frame", "array"]))
        _, forms, _ = suited(self.given("a", "b"), Step())
        self.assertEqual(forms, ["array", "frame"])

    @unittest.skipIf(pandas is None, "pandas is not installed here")
    def test_columns_of_a_frame_are_what_pandas_reads(self):
        described = [
            dict(columns("w", read_as="int64")[0], offset=0, length=16),
            {"name": "b", "dtype": "text", "offset": 16, "length": 13, "read_as": "bool"},
            {"name": "t", "dtype": "text", "offset": 29, "length": 11, "read_as": "object"},
            {"name": "g", "dtype": "truths", "offset": 40, "length": 2},
        ]
        payload = struct.pack("<2d", 3, 4) + text("TRUE") + text("x") + text("NA") + text("a")
        payload += b"\1\2"
        data = dataset({"layout": "table", "columns": described, "dataframe": True}, payload)
        got = data.features()
        self.assertEqual(str(got["w"].dtype), "int64")
        self.assertEqual(got["b"].iloc[0], True)
        self.assertTrue(got["t"].isna().iloc[0])
        self.assertEqual((got["g"].iloc[0], got["g"].isna().iloc[1]), (True, True))

    def test_synthetic_ones_have_its_width(self):
        made = {"layout": "synthetic", "seed": 1, "rows": 3, "columns": [], "named": False}
        got, _, _ = suited(dataset(made), Wanting(4))
        self.assertEqual(got.shape, (3, 4))
        self.assertTrue((abs(got) <= 2).all())
        self.assertEqual(suited(dataset(made), Wanting(4))[0].tolist(), got.tolist())

    def test_synthetic_ones_of_a_great_width_are_few(self):
        made = {"layout": "synthetic", "seed": 1, "rows": 64, "columns": [], "named": False}
        most, inputs.MOST_SYNTHETIC = inputs.MOST_SYNTHETIC, 50
        try:
            self.assertEqual(suited(dataset(made), Wanting(5))[0].shape, (10, 5))
            self.assertEqual(suited(dataset(made), Wanting(70))[0].shape, (1, 70))
        finally:
            inputs.MOST_SYNTHETIC = most

    def test_synthetic_ones_of_unknown_width(self):
        made = {"layout": "synthetic", "seed": 1, "rows": 3, "columns": [], "named": False}
        with self.assertRaises(InputsDoNotFit) as raised:
            dataset(made).forms(Wanting())
        self.assertIn("--inputs", str(raised.exception))

    def test_a_pipeline_says_it_by_its_first_step(self):
        made = {"layout": "synthetic", "seed": 1, "rows": 1, "columns": [], "named": False}
        got, _, _ = suited(dataset(made), Step(steps=[("a", Wanting(3)), ("b", Wanting(9))]))
        self.assertEqual(got.shape, (1, 3))

    def test_a_property_that_raises_says_nothing(self):
        class Raising(object):
            @property
            def n_features_in_(self):
                raise RuntimeError

        self.given("a", "b").forms(Raising())


@needs_numpy
class Kept(unittest.TestCase):
    """What a package keeps, handed over again."""

    def test_a_list_is_a_list(self):
        payload = json.dumps(["a", {"is": "float", "value": "nan"}, {"is": "None"}]).encode("ascii")
        got = dataset({"layout": "list", "columns": [], "dtype": None, "form": "own"}, payload)
        found = got.features()
        self.assertEqual((found[0], found[2]), ("a", None))
        self.assertNotEqual(found[1], found[1])

    def test_an_array_keeps_its_type_and_shape(self):
        header = {"layout": "list", "columns": [], "dtype": "float32", "shape": [1, 2]}
        got = dataset(header, b"[0.5, 1.5]").features()
        self.assertEqual((str(got.dtype), got.tolist()), ("float32", [[0.5, 1.5]]))
        got = dataset(dict(header, dtype="object"), b'["a", 1]').features()
        self.assertEqual(got.tolist(), [["a", 1]])

    def test_what_json_has_no_word_for(self):
        self.assertEqual(revived({"is": "bytes", "value": "00ff"}), b"\x00\xff")
        self.assertEqual(
            revived({"is": "dict", "value": [["a", {"is": "list", "value": [1]}]]}), {"a": [1]}
        )

    @unittest.skipIf(pandas is None, "pandas is not installed here")
    def test_columns_of_pandas_types(self):
        def series(spec, values):
            payload = json.dumps(values).encode("ascii")
            column = {"name": "c", "dtype": "pandas", "offset": 0, "length": len(payload)}
            column["spec"] = spec
            self.assertEqual(len(column_values(column, payload)), len(values))
            data = dataset(
                {"layout": "table", "rows": len(values), "columns": [column], "form": "frame"},
                payload,
            )
            return suited(data, Step())[0]["c"]

        got = series(
            {
                "dtype": "category",
                "of": {"dtype": "object"},
                "categories": ["b", "a"],
                "ordered": True,
            },
            [1, None, 0],
        )
        self.assertEqual((list(got.cat.categories), got.cat.ordered), (["b", "a"], True))
        self.assertTrue(got.isna().iloc[1])
        got = series({"dtype": "datetime64[ns]"}, [0, None])
        self.assertEqual(str(got.dtype)[:10], "datetime64")
        self.assertTrue(got.isna().iloc[1])
        got = series({"dtype": "Int64"}, [1, None])
        self.assertEqual((str(got.dtype), got.iloc[0]), ("Int64", 1))
        got = series({"dtype": "float32"}, [0.5, {"is": "float", "value": "nan"}])
        self.assertEqual(str(got.dtype), "float32")


if __name__ == "__main__":
    unittest.main()
