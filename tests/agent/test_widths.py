import unittest

from shelflife_agent.widths import widths_of
from support import needs_numpy, numpy


class Fitted(object):
    def __init__(self, **state):
        self.__dict__.update(state)


@needs_numpy
class Widths(unittest.TestCase):
    def widths(self, **state):
        return widths_of(Fitted(**state))

    def test_what_it_says_itself_is_the_only_one(self):
        self.assertEqual(self.widths(n_features_in_=3, mean_=numpy.zeros(4)), [(3, None)])

    def test_arrays_tell_it(self):
        self.assertEqual(self.widths(mean_=numpy.zeros(4)), [(4, "mean_ of Fitted")])
        self.assertEqual(self.widths(n_features_=5)[0][0], 5)
        # A PLS of old has its coefficients the other way round.
        pls = self.widths(x_rotations_=numpy.zeros((4, 2)), coef_=numpy.zeros((4, 1)))
        self.assertEqual([columns for columns, _ in pls], [4, 1])
        self.assertEqual(self.widths(coefs_=[numpy.zeros((6, 3)), numpy.zeros((3, 1))])[0][0], 6)
        self.assertEqual(self.widths(tree_=Fitted(n_features=7))[0][0], 7)

    def test_the_first_step_that_has_one_tells_it(self):
        steps = [
            ("own", Fitted()),
            ("pca", Fitted(components_=numpy.zeros((2, 9)))),
            ("last", Fitted(n_features_=2)),
        ]
        self.assertEqual(self.widths(steps=steps), [(9, "components_ of Fitted")])
        words = [("words", Fitted(vocabulary_={"a": 0})), ("last", Fitted(n_features_=1))]
        self.assertEqual(self.widths(steps=words), [])

    def test_what_it_hands_its_inputs_to_tells_it(self):
        search = {"best_estimator_": Fitted(steps=[("scale", Fitted(scale_=numpy.ones(3)))])}
        self.assertEqual(self.widths(**search), [(3, "scale_ of Fitted")])
        self.assertEqual(self.widths(estimators_=[Fitted(n_features_=8)])[0][0], 8)

    def test_ones_own_estimator_is_looked_into(self):
        class Inner(Fitted):
            def predict(self, X):
                return X

        self.assertEqual(self.widths(inner=Inner(coef_=numpy.zeros(4)))[0], (4, "coef_ of Inner"))

    def test_nothing_is_nothing(self):
        self.assertEqual(self.widths(), [])
        self.assertEqual(self.widths(mean_=None, coef_=0.5, n_features_=True), [])


if __name__ == "__main__":
    unittest.main()
