import itertools
import math
import random
import unittest

from shelflife_agent.probing import encoding, kinds, nodes, tables, texts, trees, turning, walking
from shelflife_agent.probing.deriving import summed
from shelflife_agent.probing.numbers import derive_numbers, sides_of
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


def grown(generator, depth, kinds):
    """A tree of random splits: numbers, categories (`kinds` says of each feature which), and where
    missing values go."""
    made = dict(left=[], right=[], feature=[], threshold=[], missing=[], categories={})

    def grow(left):
        node = len(made["left"])
        for key, value in (("left", -1), ("right", -1), ("feature", -2), ("threshold", -2.0)):
            made[key].append(value)
        made["missing"].append(generator.random() < 0.5)
        if left == 0 or generator.random() < 0.15:
            return node
        feature = generator.randrange(len(kinds))
        made["feature"][node] = feature
        if kinds[feature]:
            made["categories"][node] = frozenset(
                code for code in range(kinds[feature]) if generator.random() < 0.5
            )
        else:
            values = [0.1, 0.3, 0.30000001192092896, 1.0, 2.5, float("inf")]
            made["threshold"][node] = generator.choice(values)
        made["left"][node] = grow(left - 1)
        made["right"][node] = grow(left - 1)
        return node

    grow(depth)
    arrays = {key: numpy.array(value) for key, value in made.items() if key != "categories"}
    known = {feature: list(range(count)) for feature, count in enumerate(kinds) if count}
    return nodes.Nodes(narrow=False, known=known, categories=made["categories"], **arrays)


def walked(tree, row):
    """The way of one row, step by step as a person would take it: (node, side) pairs."""
    node, way = 0, []
    while tree.left[node] >= 0:
        value = row[tree.feature[node]]
        if node in tree.categories:
            is_known = value in tree.known[int(tree.feature[node])]
            left = value in tree.categories[node] if is_known else tree.missing[node]
        else:
            left = tree.missing[node] if math.isnan(value) else value <= tree.threshold[node]
        way.append((node, bool(left)))
        node = int(tree.left[node] if left else tree.right[node])
    return node, way


@needs_numpy
class Brute(unittest.TestCase):
    """Against a grid on which everything that can be reached is reached."""

    def test_what_can_be_reached_is_reached_and_nothing_else_is_counted(self):
        for seed in range(300):
            generator = random.Random(seed)
            kinds = [0, 4, 0]
            tree = grown(generator, 5, kinds)
            inner = [node for node in range(len(tree.left)) if tree.left[node] >= 0]
            numbers = [
                side
                for node in inner
                if node not in tree.categories and not math.isinf(tree.threshold[node])
                for side in tree.sides(tree.threshold[node])
            ]
            of_kind = {0: sorted(set(numbers + [0.0])) + [math.nan], 4: [0, 1, 2, 3, 9, math.nan]}
            grid = [list(row) for row in itertools.product(*(of_kind[kind] for kind in kinds))]
            base = numpy.zeros(len(kinds))
            made = [row for row, _ in tree.rows(base)] + list(tree.missing_rows(base))
            rows = numpy.array(made or [base])
            self.assertEqual(
                tree.reached(rows).tolist(), [walked(tree, row)[0] for row in rows.tolist()], seed
            )
            possible = set(side for row in grid for side in walked(tree, row)[1])
            reached = set(side for row in rows.tolist() for side in walked(tree, row)[1])
            self.assertEqual(reached, possible, seed)
            counted = sides_of(tree, set(tree.reached(rows).tolist()))
            self.assertEqual(counted, len(reached), seed)


@needs_numpy
class Parts(unittest.TestCase):
    def test_both_sides_of_the_edges_of_bins_are_reached(self):
        bins = Held(bin_edges_=[numpy.array([0.0, 1.0, 2.0, 3.0]), numpy.array([0.0, 5.0])])
        derived = derive_numbers(bins, numpy.zeros((3, 2)), ["a", "b"], 0)
        share = derived.shares_of(derived.core, None)[0]
        self.assertEqual((share["what"], share["reached"], share["of"]), ("thresholds", 4, 4))

    def test_rows_between_neighbours_are_equally_near_to_both(self):
        kept = numpy.array([[0.0, 0.0], [2.0, 4.0]])
        derived = derive_numbers(Held(_fit_X=kept), numpy.zeros((3, 2)), ["a", "b"], 0)
        self.assertIn([1.0, 2.0], derived.core.matrix.tolist())

    def test_shares_of_several_models_are_added_up(self):
        one = [{"what": "leaves", "reached": 1, "of": 2}]
        other = [
            {"what": "leaves", "reached": 3, "of": 3},
            {"what": "words", "reached": 1, "of": 1},
        ]
        found = summed([one, other])
        self.assertEqual(found[0], {"what": "leaves", "reached": 4, "of": 5})
        self.assertEqual(len(found), 2)

    def test_encoders_are_turned_round(self):
        known = [["x", "y", "z"], [1, 2]]
        on = [numpy.array([0.0, 0.0]) for _ in range(5)]
        on[0][:], on[3][:] = 1.0, 1.0
        # The first has to be `z`; the second must not be `x`, as it is, nor `y`.
        bounds = [{2: (0.5, None)}, {0: (None, 0.5), 1: (None, 0.5)}]
        found = turning.by_indicators(known, on, bounds)
        self.assertEqual(found, [["z", "z"], [1, 1]])
        codes = turning.by_code(
            ["a", "b", "c"], [0.5, 0.5000001, 1.0], 0, [{}, {0: (0.5, None)}, {}]
        )
        self.assertEqual(codes, ["a", "b", "b"])


@needs_numpy
class Trees(unittest.TestCase):
    def test_every_leaf_and_both_sides_of_every_threshold_are_reached(self):
        rows = numpy.zeros((3, 2))
        for before in ((), (Scale(),)):
            model = forest(3)
            if before:
                model = Held(steps=[("scale", before[0]), ("forest", model)])
            derived = derive_numbers(model, rows, ["a", "b"], 0)
            leaves, thresholds = derived.shares_of(derived.core, None)[:2]
            self.assertEqual((leaves["reached"], leaves["of"]), (12, 12))
            self.assertEqual((thresholds["reached"], thresholds["of"]), (18, 18))

    def test_neighbours_of_a_threshold_are_next_to_each_other(self):
        ((_, tree),) = trees.trees_of(forest(1))
        low, high = tree.sides(0.1)
        self.assertLess(low, 0.1)
        self.assertGreater(high, 0.1)
        self.assertEqual(numpy.nextafter(numpy.float32(low), numpy.float32(1)), high)

    def test_columns_of_a_part_of_the_features_are_put_in_their_place(self):
        model = forest(1)
        model.estimators_features_ = [[2, 0]]
        derived = derive_numbers(model, numpy.zeros((3, 4)), list("abcd"), 0)
        self.assertEqual(derived.shares_of(derived.core, None)[0]["reached"], 4)


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


class Kinds(unittest.TestCase):
    def test_each_category_is_tried_and_one_that_nobody_knows_stands_behind_them(self):
        column = {"name": "size", "dtype": "text", "read_as": "object"}
        described, values = kinds.as_kinds(column, ["S", "L", math.nan, "L"])
        self.assertEqual(kinds.kinds_of(described), ["L", "S"])
        self.assertEqual(values, [1, 0, None, 0])
        table = tables.Table([described], [values], 0)
        self.assertEqual([table.vary(0, place) for place in range(2)], [1, 1])
        self.assertEqual((table.vary(0, "M"), table.vary(0, math.nan, table.missing)), (0, 1))
        table.vary_unknown(0)
        self.assertEqual((table.core, table.missing, table.unknown), ([[0], [1]], [[None]], [[2]]))
        wider = encoding.Mixed(table.wider, [[2]])
        joined = table.mixed(table.core).joined([table.mixed(table.missing), wider])
        self.assertEqual(joined.columns, [[0, 1, None, 2]])
        self.assertEqual(kinds.kinds_of(joined.described[0])[:2], ["L", "S"])
        self.assertEqual(len(kinds.kinds_of(joined.described[0])), 3)

    def test_numbers_as_categories_know_no_unknown_one(self):
        spec = {
            "dtype": "category",
            "of": {"dtype": "int64"},
            "categories": [1, 5],
            "ordered": True,
        }
        column = {"name": "floor", "dtype": "pandas", "spec": spec}
        self.assertTrue(kinds.is_of_kinds(column))
        self.assertIsNone(kinds.with_unknown(column))
        self.assertFalse(kinds.is_of_kinds({"dtype": "pandas", "spec": {"dtype": "Int64"}}))


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
