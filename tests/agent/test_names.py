import sys
import types
import unittest

from shelflife_agent import names
from shelflife_agent.errors import Lacking
from support import needs_numpy


class Expressions(unittest.TestCase):
    def test_free_names_are_found_in_order(self):
        found = names.expression_names("make_pipeline(Scaler(), SVC(C=big, kernel='x'))")
        self.assertEqual(sorted(found), ["SVC", "Scaler", "big", "make_pipeline"])
        self.assertEqual(found[0], "make_pipeline")

    def test_bound_names_are_not(self):
        self.assertEqual(names.expression_names("[f(x) for x in y]"), ["f", "y"])
        self.assertEqual(names.expression_names("lambda a, *b: a + c"), ["c"])


class Evaluating(unittest.TestCase):
    """With a stand-in for scikit-learn of three modules."""

    def setUp(self):
        real = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "sklearn"}
        for name in real:
            del sys.modules[name]
        self.addCleanup(sys.modules.update, real)
        for name in ("sklearn", "sklearn.svm", "sklearn.tree"):
            module = types.ModuleType(name)
            module.__path__ = []
            sys.modules[name] = module
            self.addCleanup(sys.modules.pop, name)
        sys.modules["sklearn"].__version__ = "9.9"
        sys.modules["sklearn.svm"].SVC = type("SVC", (), {"__init__": lambda self, C=1: None})
        sys.modules["sklearn.tree"].Unlisted = type("Unlisted", (), {})

    def test_a_name_is_taken_from_its_home(self):
        self.assertEqual(type(names.evaluate("SVC(C=2)")).__name__, "SVC")

    def test_a_name_that_is_not_listed_is_searched(self):
        self.assertEqual(type(names.evaluate("Unlisted()")).__name__, "Unlisted")

    def test_pythons_own_names_and_nested_scopes(self):
        self.assertEqual(names.evaluate("[type(SVC(C=n)).__name__ for n in range(2)]"), ["SVC"] * 2)
        self.assertEqual(names.evaluate("(lambda x: len([x, SVC]))(1)"), 2)

    @needs_numpy
    def test_numpy_has_two_names(self):
        self.assertIs(names.evaluate("np"), names.evaluate("numpy"))

    def test_what_is_not_there_is_lacking(self):
        with self.assertRaises(Lacking) as raised:
            names.evaluate("HalvingSomething()")
        self.assertEqual(str(raised.exception), "scikit-learn 9.9 has no HalvingSomething")
        reasons = names.lacking({"a": "SVC()", "b": "Imputer()", "c": "syntax error ("})
        self.assertEqual(reasons, {"b": "scikit-learn 9.9 has no Imputer"})

    def test_modules_of_other_packages_are_named_with_a_dot(self):
        for name in ("tinyclust", "tinyclust.inner"):
            module = types.ModuleType(name)
            module.__path__ = []
            sys.modules[name] = module
            self.addCleanup(sys.modules.pop, name)
        sys.modules["tinyclust"].__version__ = "0.3"
        sys.modules["tinyclust"].inner = sys.modules["tinyclust.inner"]
        sys.modules["tinyclust.inner"].Tiny = type(
            "Tiny", (), {"of": classmethod(lambda cls: cls())}
        )
        self.assertEqual(type(names.evaluate("tinyclust.inner.Tiny()")).__name__, "Tiny")
        self.assertEqual(type(names.evaluate("[tinyclust.inner.Tiny.of()][0]")).__name__, "Tiny")
        reasons = names.lacking(
            {
                "a": "tinyclust.inner.Tiny()",
                "b": "tinyclust.inner.Tinny()",
                "c": "nolib.Model()",
                "d": "tinyclust.outer.Tiny()",
            }
        )
        self.assertEqual(
            reasons,
            {
                "b": "tinyclust 0.3 has no inner.Tinny",
                "c": "there is no module nolib: declare the package that brings it",
                "d": "tinyclust 0.3 has no outer",
            },
        )

    def test_what_an_expression_defines_belongs_to_main(self):
        self.assertEqual(names.evaluate("lambda: 1").__module__, "__main__")


class Homes(unittest.TestCase):
    def test_no_name_has_two(self):
        listed = [name for names_of in names.HOMES.values() for name in names_of.split()]
        self.assertEqual(len(listed), len(set(listed)))


if __name__ == "__main__":
    unittest.main()
