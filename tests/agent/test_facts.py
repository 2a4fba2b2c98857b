import os
import sys
import unittest
import warnings

import shelflife_agent
from shelflife_agent import errors, facts, frames


def raised(function, *arguments):
    try:
        function(*arguments)
    except BaseException as error:
        return facts.error_fact(error)
    raise AssertionError("nothing was raised")


def run_as(name, text, **more):
    """A function of a module of that name."""
    scope = dict(more, __name__=name)
    exec(compile(text, name + ".py", "exec"), scope)
    return scope["function"]


class Errors(unittest.TestCase):
    def test_the_agents_own_are_known_by_the_name_of_the_package(self):
        for name in ("Unsupported", "Missing", "Lacking", "InputsDoNotFit", "NotAModel"):
            fact = raised(
                run_as("test", "def function(error): raise error"), getattr(errors, name)("x")
            )
            self.assertEqual(fact["type"], shelflife_agent.__name__ + "." + name)
            self.assertEqual(fact["bases"], ["Exception", "BaseException"])

    def test_builtins_have_no_module(self):
        fact = raised(run_as("test", "def function(): return {}[0]"))
        self.assertEqual(fact["type"], "KeyError")
        self.assertEqual(fact["bases"], ["LookupError", "Exception", "BaseException"])

    def test_the_deepest_module_is_to_blame(self):
        inner = run_as("sklearn.tree", "def function(): raise ValueError('deep')")
        outer = run_as("joblib", "def function(inner): inner()")
        fact = raised(outer, inner)
        self.assertEqual(fact["module"], "sklearn.tree")
        self.assertEqual(fact["message"], "deep")
        self.assertEqual(fact["frames"][-2:], ["joblib:function:1", "sklearn.tree:function:1"])

    def test_neither_the_agent_nor_its_formats_are(self):
        # Frames that the agent really has, and one of a format.
        fact = raised(frames.read_exactly, None, 1)
        self.assertEqual(fact["type"], "TypeError")
        self.assertFalse([frame for frame in fact["frames"] if "shelflife_agent" in frame])
        own = run_as("shelflife_format_x", "def function(): raise OSError", __shelflife__=True)
        self.assertNotEqual(raised(own)["module"], "shelflife_format_x")
        foreign = run_as("shelflife_format_x", "def function(): raise OSError", __shelflife__=False)
        self.assertEqual(raised(foreign)["module"], "shelflife_format_x")

    def test_a_name_that_begins_alike_is_another(self):
        fact = raised(run_as("shelflife_agents", "def function(): raise OSError"))
        self.assertEqual(fact["module"], "shelflife_agents")

    def test_code_without_a_module(self):
        scope = {"__builtins__": __builtins__}
        exec("def function(): raise ValueError", scope)
        self.assertNotEqual(raised(scope["function"])["module"], "?")

    def test_a_missing_module_is_named(self):
        fact = raised(run_as("test", "def function(): import no_such_module"))
        self.assertEqual((fact["type"], fact["module"]), ("ModuleNotFoundError", "no_such_module"))
        fact = raised(run_as("test", "def function():\n import os\n os.no_such_thing"))
        self.assertEqual(fact["module"], "os")

    def test_an_exception_that_cannot_be_told(self):
        class Mute(Exception):
            def __str__(self):
                raise RuntimeError("no words")

        fact = raised(run_as("test", "def function(error): raise error"), Mute())
        self.assertEqual(fact["message"], "<str() of the exception raised RuntimeError>")

    def test_only_the_last_frames_are_told(self):
        deep = run_as("deep", "def function(n):\n if n: function(n - 1)\n else: raise OSError")
        self.assertEqual(raised(deep, 50)["frames"], ["deep:function:2"] * 7 + ["deep:function:3"])


class Texts(unittest.TestCase):
    def tearDown(self):
        facts.KNOWN_PATHS = None

    def test_folders_of_this_machine_are_named_by_what_they_are(self):
        word = "<python>" if sys.prefix == sys.base_prefix else "<env>"
        self.assertEqual(facts.cut(sys.prefix + "/x", 100), word + "/x")
        self.assertEqual(facts.cut(os.getcwd() + "/y", 100), "<scratch>/y")

    def test_they_are_looked_for_once_in_a_child(self):
        facts.keep_local_paths()
        self.addCleanup(os.chdir, os.getcwd())
        before = os.getcwd()
        os.chdir("/")
        self.assertEqual(facts.cut(before, 1000), "<scratch>")

    def test_long_texts_end_in_dots(self):
        self.assertEqual(facts.cut("x" * 60 + "y" * 20, 60), "x" * 35 + " ... " + "y" * 20)
        self.assertEqual(facts.cut("x" * 10, 10), "x" * 10)

    def test_names_that_an_artifact_made_up_are_cut(self):
        error = ImportError("no " + "A" * 6000000, name="A" * 6000000)
        fact = facts.error_fact(error)
        self.assertEqual(len(fact["module"]), facts.MAX_NAME)
        self.assertLess(len(str(fact)), 4000)

    def test_lone_surrogates_are_replaced(self):
        self.assertEqual(facts.cut("a\ud800b", 10), "a?b")


class Warnings(unittest.TestCase):
    def test_equal_ones_are_counted(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for text in ("one", "two", "one"):
                warnings.warn(text, UserWarning, stacklevel=1)
        self.assertEqual(
            facts.warning_facts(caught),
            [
                {"category": "UserWarning", "message": "one", "count": 2},
                {"category": "UserWarning", "message": "two", "count": 1},
            ],
        )

    def test_there_is_an_end_of_different_ones(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for number in range(200):
                warnings.warn("%d" % number, UserWarning, stacklevel=1)
        self.assertEqual(len(facts.warning_facts(caught)), facts.MAX_WARNINGS)


if __name__ == "__main__":
    unittest.main()
