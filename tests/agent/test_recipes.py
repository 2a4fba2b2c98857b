"""Recipes import the modules that came with them, and no other recipe sees these."""

import sys
import unittest

from shelflife_agent import recipes


def module(source, is_package=False):
    return {"is_package": is_package, "source": source}


class Recipes(unittest.TestCase):
    def tearDown(self):
        recipes.forget_neighbours()

    def run_with(self, recipe, neighbours):
        source = {"recipe": recipe, "path": "/nowhere/recipe.py", "neighbours": neighbours}
        return recipes.run_recipe(source)

    def test_a_recipe_imports_its_neighbours(self):
        beside = {
            "helpers_beside": module("from parts_beside.scale import TWICE\nvalue = TWICE + 1\n"),
            "parts_beside": module("", is_package=True),
            "parts_beside.scale": module("TWICE = 2\n"),
        }
        made = self.run_with(
            "import helpers_beside\ndef model(): return helpers_beside.value\n", beside
        )
        self.assertEqual(made.model(), 3)
        self.assertEqual(sys.modules["helpers_beside"].__file__, "/nowhere/helpers_beside.py")

    def test_the_next_recipe_has_neighbours_of_its_own(self):
        text = "from helpers_beside import value\n"
        self.assertEqual(self.run_with(text, {"helpers_beside": module("value = 1")}).value, 1)
        self.assertEqual(self.run_with(text, {"helpers_beside": module("value = 2")}).value, 2)
        with self.assertRaises(ImportError):
            self.run_with(text, {})
