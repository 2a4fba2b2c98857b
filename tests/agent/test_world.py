import decimal
import os
import pickle
import sys
import threading
import types
import unittest
import warnings

from shelflife_agent import world
from support import needs_numpy, numpy


class Innocent(unittest.TestCase):
    def test_what_any_cell_does_is_no_change(self):
        state = world.WorldState(world.module_state())
        import fractions

        fractions.Fraction(1, 3)
        sys.modules["a_module_of_the_artifact"] = types.ModuleType("a_module_of_the_artifact")
        self.addCleanup(sys.modules.pop, "a_module_of_the_artifact")
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            warnings.warn("a word", stacklevel=1)
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        with open(os.devnull) as lines:
            lines.read()
        self.assertIsNone(state.change())

    def test_what_is_put_back_is_no_change(self):
        state = world.WorldState(world.module_state())
        before = os.getcwd()
        os.chdir("/")
        os.chdir(before)
        with decimal.localcontext():
            pass
        self.assertIsNone(state.change())

    def test_the_books_of_the_interpreter_are_its_own(self):
        state = world.WorldState(world.module_state())
        before = getattr(sys, "last_value", None)
        sys.last_value = ValueError()
        self.addCleanup(setattr, sys, "last_value", before)
        self.assertIsNone(state.change())


class Noticed(unittest.TestCase):
    def setUp(self):
        self.state = world.WorldState(world.module_state())
        self.assertIsNone(self.state.change())

    def test_the_working_directory(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir("/")
        self.assertEqual(self.state.change(), "the working directory")

    def test_environment_variables(self):
        os.environ["SHELFLIFE_TEST_LEFT"] = "1"
        self.addCleanup(os.environ.pop, "SHELFLIFE_TEST_LEFT")
        self.assertEqual(self.state.change(), "environment variables")

    def test_the_search_path(self):
        sys.path.append("/nowhere")
        self.addCleanup(sys.path.remove, "/nowhere")
        self.assertEqual(self.state.change(), "sys.path")

    def test_the_recursion_limit(self):
        self.addCleanup(sys.setrecursionlimit, sys.getrecursionlimit())
        sys.setrecursionlimit(sys.getrecursionlimit() + 1)
        self.assertEqual(self.state.change(), "the recursion limit")

    def test_threads(self):
        go = threading.Event()
        thread = threading.Thread(target=go.wait)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(go.set)
        self.assertEqual(self.state.change(), "the number of threads")

    @needs_numpy
    def test_numpys_error_handling(self):
        self.addCleanup(numpy.seterr, **numpy.geterr())
        numpy.seterr(over="raise")
        self.assertEqual(self.state.change(), "numpy's error handling")

    def test_an_attribute_of_a_module(self):
        before = os.getpid
        os.getpid = lambda: 1
        self.addCleanup(setattr, os, "getpid", before)
        self.assertEqual(self.state.change(), "os.getpid")

    def test_an_attribute_that_is_gone(self):
        before = os.getppid
        del os.getppid
        self.addCleanup(setattr, os, "getppid", before)
        self.assertEqual(self.state.change(), "os.getppid")

    def test_a_module_that_is_gone(self):
        self.addCleanup(sys.modules.__setitem__, "warnings", sys.modules.pop("warnings"))
        self.assertEqual(self.state.change(), "module warnings")

    def test_a_module_that_is_another(self):
        self.addCleanup(sys.modules.__setitem__, "pickle", pickle)
        sys.modules["pickle"] = types.ModuleType("pickle")
        self.assertTrue(self.state.change().startswith("pickle."))

    @needs_numpy
    def test_an_attribute_of_numpy(self):
        self.addCleanup(setattr, numpy, "dot", numpy.dot)
        numpy.dot = lambda *_: 0
        self.assertEqual(self.state.change(), "numpy.dot")

    def test_the_configuration_of_scikit_learn(self):
        if "sklearn" in sys.modules:
            self.skipTest("the real scikit-learn is loaded")
        stand_in = types.ModuleType("sklearn")
        stand_in.get_config = lambda: {"assume_finite": False}
        sys.modules["sklearn"] = stand_in
        self.addCleanup(sys.modules.pop, "sklearn")
        state = world.WorldState({})
        stand_in.get_config = lambda: {"assume_finite": True}
        self.assertEqual(state.change(), "scikit-learn's configuration")


if __name__ == "__main__":
    unittest.main()
