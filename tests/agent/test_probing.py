import math
import unittest

from shelflife_agent.probing import encoding, nodes, tables, texts, trees, walking
from shelflife_agent.probing.numbers import derive_numbers
from support import needs_numpy, numpy


class Held(object):
    def __init__(self, **held):
        self.__dict__.update(held)


class Scale(object):
    """A step that can be turned round."""

    def transform(self, rows):
        return rows / 2

    def inverse_transform(self, rows):
        return rows * 2


def forest(count):
    """Trees of two thresholds on the first column and one on the second."""

    def tree():
        return Held(
            children_left=numpy.array([1, -1, 3, -1, 5, -1, -1]),
            children_right=numpy.array([2, -1, 4, -1, 6, -1, -1]),
            feature=numpy.array([0, -2, 0, -2, 1, -2, -2]),
            threshold=numpy.array([0.1, -2, 0.3, -2, 1e-30, -2, -2]),
        )

    return Held(estimators_=[Held(tree_=tree()) for _ in range(count)])


@needs_numpy
class Trees(unittest.TestCase):
    def test_every_leaf_and_both_sides_of_every_threshold_are_reached(self):
        rows = numpy.zeros((3, 2))
        for before in ((), (Scale(),)):
            model = forest(3)
            if before:
                model = Held(steps=[("scale", before[0]), ("forest", model)])
            derived = derive_numbers(model, rows, ["a", "b"], 0)
            leaves, thresholds = derived.shares[:2]
            self.assertEqual((leaves["reached"], leaves["of"]), (12, 12))
            self.assertEqual((thresholds["reached"], thresholds["of"]), (18, 18))

    def test_neighbours_of_a_threshold_are_next_to_each_other(self):
        ((_, tree),) = trees.trees_of(forest(1))
        low, high = tree.sides(0.1)
        self.assertLess(numpy.float32(low), 0.1)
        self.assertGreater(numpy.float32(high), 0.1)
        self.assertEqual(numpy.nextafter(numpy.float32(low), numpy.float32(1)), high)

    def test_columns_of_a_part_of_the_features_are_put_in_their_place(self):
        model = forest(1)
        model.estimators_features_ = [[2, 0]]
        derived = derive_numbers(model, numpy.zeros((3, 4)), list("abcd"), 0)
        self.assertEqual(derived.shares[0]["reached"], 4)


class Tables(unittest.TestCase):
    def test_columns_are_followed_to_who_is_given_them(self):
        encoder = Held(categories_=[["x", "y"], [1, None]])
        inner = Held(steps=[("impute", Held()), ("encode", encoder)])
        model = Held(
            steps=[("columns", Held(transformers_=[("t", inner, ["c", 0]), ("r", "drop", [1])]))]
        )
        found = dict(tables.categories(model, ["a", "b", "c"]))
        self.assertEqual(found, {"c": ["x", "y"], "a": [1]})

    def test_values_go_only_where_their_type_fits(self):
        described = [{"name": "a", "dtype": "text"}, {"name": "b", "dtype": "int64"}]
        table = tables.Table(described, [["x", "y"], [1, 2]], 0)
        self.assertEqual(table.vary(0, "z"), 1)
        self.assertEqual(table.vary(1, "z"), 0)
        self.assertEqual(table.vary(0, math.nan, table.missing), 1)
        self.assertEqual(table.core, [["z", 1]])

    def test_an_unknown_category_is_none_of_the_known_ones(self):
        self.assertEqual(tables.unknown_of([1, 5, 3]), 6)
        self.assertNotIn(tables.unknown_of(["a"]), ["a"])


class Texts(unittest.TestCase):
    def test_each_word_stands_in_a_text(self):
        words = ["w%d" % index for index in range(1000)]
        documents, reached = texts.documents(words, 0)
        self.assertEqual(reached, 1000)
        self.assertEqual(set(" ".join(documents).split()), set(words))


class Walking(unittest.TestCase):
    def test_circles_end(self):
        model = Held(tree_=1)
        model.estimators_ = [model, Held(estimator=model)]
        self.assertEqual(len(walking.parts_with(model, "tree_")), 1)


class Encoding(unittest.TestCase):
    def test_texts_have_their_lengths(self):
        self.assertEqual(encoding.texts(["a", float("nan")]), b"\1\0\0\0a\xff\xff\xff\xff")

    @needs_numpy
    def test_numbers_with_a_gap_are_floats(self):
        column = {"name": "a", "dtype": "int64"}
        self.assertEqual(encoding.encoded_column(column, [1, 2])[0], "int64")
        self.assertEqual(encoding.encoded_column(column, [1, float("nan")])[0], "float64")
        self.assertEqual(nodes.least(1, None), 1)
