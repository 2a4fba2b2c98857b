import math
import struct
import unittest

from shelflife_agent import outputs
from support import needs_numpy, needs_scipy, numpy, scipy_sparse


def texts(data):
    """What a column of tagged elements holds."""
    found, position = [], 0
    while position < len(data):
        (length,) = struct.unpack_from("<I", data, position)
        found.append(data[position + 4 : position + 4 + length].decode("utf-8"))
        position += 4 + length
    return found


@needs_numpy
class Elements(unittest.TestCase):
    def test_every_kind_has_a_tag(self):
        class Other(object):
            def __repr__(self):
                return "other"

        for value, text in [
            (True, "t:1"),
            (False, "t:0"),
            (3, "i:3"),
            (-(1 << 80), "i:-1208925819614629174706176"),
            (1.0, "f:3ff0000000000000"),
            (-0.0, "f:8000000000000000"),
            ("\u00fc", "s:\u00fc"),
            ("", "s:"),
            (b"\x00\xff", "b:00ff"),
            (None, "n:"),
            (Other(), "r:other"),
        ]:
            self.assertEqual(outputs.tagged(value).decode("utf-8"), text)

    def test_numpys_scalars_are_told_like_pythons(self):
        for value, text in [
            (numpy.bool_(True), "t:1"),
            (numpy.int8(-3), "i:-3"),
            (numpy.uint64(1 << 63), "i:9223372036854775808"),
            (numpy.float32(0.5), "f:3fe0000000000000"),
            (numpy.str_("x"), "s:x"),
            (numpy.bytes_(b"x"), "b:78"),
            (numpy.datetime64("2020-02-29"), "d:2020-02-29"),
            (numpy.timedelta64(5, "D"), "d:5 days"),
        ]:
            self.assertEqual(outputs.tagged(value).decode("utf-8"), text)

    def test_a_number_that_is_none_keeps_its_bits(self):
        self.assertEqual(outputs.tagged(math.nan), b"f:7ff8000000000000")
        self.assertEqual(outputs.tagged(math.inf), b"f:7ff0000000000000")

    def test_lone_surrogates_are_replaced(self):
        self.assertEqual(outputs.tagged("a\ud800"), b"s:a?")


@needs_numpy
class Dense(unittest.TestCase):
    def assert_encoded(self, array, encoding, form, values):
        got, data = outputs.encode_dense(array)
        self.assertEqual(got, encoding)
        self.assertEqual(data, struct.pack("<%d%s" % (len(values), form), *values))

    def test_numbers_of_every_width(self):
        for dtype, encoding, form in [
            ("f2", "f32", "f"),
            ("f4", "f32", "f"),
            ("f8", "f64", "d"),
            ("i1", "i64", "q"),
            ("i2", "i64", "q"),
            ("i4", "i64", "q"),
            ("i8", "i64", "q"),
            ("u1", "u64", "Q"),
            ("u2", "u64", "Q"),
            ("u4", "u64", "Q"),
            ("u8", "u64", "Q"),
        ]:
            for order in "<>":
                array = numpy.array([0, 1, 2, 100], dtype=numpy.dtype(dtype).newbyteorder(order))
                self.assert_encoded(array, encoding, form, [0, 1, 2, 100])

    def test_truths(self):
        self.assert_encoded(numpy.array([True, False]), "bool", "B", [1, 0])

    def test_long_doubles_are_rounded(self):
        self.assert_encoded(numpy.array([0.5], dtype="longdouble"), "f64", "d", [0.5])

    def test_order_in_memory_does_not_count(self):
        plain = numpy.arange(6.0).reshape(2, 3)
        for array in (numpy.asfortranarray(plain), plain[::1], plain.T.copy().T):
            self.assert_encoded(array, "f64", "d", range(6))
        self.assert_encoded(plain[:, ::-1], "f64", "d", [2, 1, 0, 5, 4, 3])

    def test_texts(self):
        for array, expected in [
            (numpy.array(["a", "bc"]), ["s:a", "s:bc"]),
            (numpy.array(["a"]).astype(">U3"), ["s:a"]),
            (numpy.array([b"a"]), ["b:61"]),
            (
                numpy.array(["a", None, 1, 1.0, True], dtype=object),
                ["s:a", "n:", "i:1", "f:3ff0000000000000", "t:1"],
            ),
            (numpy.array(["2020-01-01", "NaT"], dtype="M8[D]"), ["d:2020-01-01", "d:NaT"]),
            (numpy.array([5], dtype="m8[s]"), ["d:5 seconds"]),
        ]:
            encoding, data = outputs.encode_dense(array)
            self.assertEqual((encoding, texts(data)), ("text", expected))

    def test_records_are_no_output(self):
        with self.assertRaises(TypeError):
            outputs.encode_dense(numpy.zeros(2, dtype=[("a", "f8")]))


@needs_scipy
class Sparse(unittest.TestCase):
    def test_any_layout_becomes_sorted_rows(self):
        dense = numpy.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])
        expected = struct.pack("<QQQ", 2, 3, 3)
        expected += struct.pack("<3q", 0, 1, 3) + struct.pack("<3q", 1, 0, 2)
        expected += struct.pack("<3d", 2, 1, 3)
        for layout in ("csr", "csc", "coo", "lil"):
            matrix = scipy_sparse.csr_matrix(dense).asformat(layout)
            self.assertEqual(outputs.encode_sparse(matrix), expected, layout)

    def test_duplicates_are_summed(self):
        matrix = scipy_sparse.coo_matrix(([1.0, 2.0], ([0, 0], [1, 1])), shape=(1, 2))
        expected = struct.pack("<QQQ", 1, 2, 1) + struct.pack("<2q", 0, 1) + struct.pack("<q", 1)
        self.assertEqual(outputs.encode_sparse(matrix), expected + struct.pack("<d", 3))

    def test_what_the_estimator_gave_is_not_touched(self):
        matrix = scipy_sparse.csr_matrix(([1.0, 2.0], [1, 0], [0, 2]), shape=(1, 2))
        outputs.encode_sparse(matrix)
        self.assertEqual(list(matrix.indices), [1, 0])

    def test_the_facts(self):
        ((name, facts, _),) = outputs.encode_output("transform", scipy_sparse.eye(2).tocsr(), False)
        self.assertEqual(name, "transform")
        self.assertEqual(
            facts, {"encoding": "csr", "kind": "continuous", "dtype": "float64", "shape": [2, 2]}
        )


@needs_numpy
class Outputs(unittest.TestCase):
    def kinds(self, name, value, labels):
        return {key: facts["kind"] for key, facts, _ in outputs.encode_output(name, value, labels)}

    def test_predictions_of_classes_are_labels(self):
        self.assertEqual(self.kinds("predict", numpy.array([0.0]), True), {"predict": "label"})
        self.assertEqual(self.kinds("predict", numpy.array(["a"]), False), {"predict": "label"})
        self.assertEqual(
            self.kinds("predict", numpy.array([0.0]), False), {"predict": "continuous"}
        )

    def test_classes_always_are(self):
        self.assertEqual(self.kinds("classes_", numpy.array([0.5]), False), {"classes_": "label"})

    def test_probabilities_never_are(self):
        self.assertEqual(
            self.kinds("predict_proba", numpy.array([1]), True), {"predict_proba": "continuous"}
        )

    def test_a_list_of_arrays_is_one_output_each(self):
        found = self.kinds("predict_proba", [numpy.array([0.5]), numpy.array([0.25])], True)
        self.assertEqual(sorted(found), ["predict_proba[0]", "predict_proba[1]"])

    def test_complex_numbers_are_two(self):
        found = outputs.encode_output("transform", numpy.array([1 + 2j]), False)
        self.assertEqual(
            [(name, data) for name, _, data in found],
            [("transform.real", struct.pack("<d", 1)), ("transform.imag", struct.pack("<d", 2))],
        )

    def test_the_byte_order_is_no_fact(self):
        ((_, facts, _),) = outputs.encode_output("predict", numpy.array([1.0], dtype=">f8"), False)
        self.assertEqual((facts["dtype"], facts["shape"]), ("float64", [1]))

    def test_a_single_number(self):
        ((_, facts, data),) = outputs.encode_output("predict", 3.0, False)
        self.assertEqual((facts["shape"], data), ([], struct.pack("<d", 3.0)))


if __name__ == "__main__":
    unittest.main()
