import ast
import glob
import os
import sys
import unittest

import shelflife_agent

LONGEST = 60
PACKAGE = os.path.dirname(os.path.abspath(shelflife_agent.__file__))
MODULES = sorted(glob.glob(os.path.join(PACKAGE, "*.py")))
# Handlers and the loader run in the same interpreters.
OTHERS = sorted(glob.glob(os.path.join(os.path.dirname(PACKAGE), "*.py"))) + sorted(
    glob.glob(os.path.join(os.path.dirname(PACKAGE), "formats", "*.py"))
)


def text_of(path):
    with open(path, encoding="ascii") as source:
        return source.read()


class Source(unittest.TestCase):
    def test_it_is_there(self):
        self.assertGreater(len(MODULES), 20)
        self.assertGreater(len(OTHERS), 8)

    def test_this_interpreter_compiles_it(self):
        for path in MODULES + OTHERS:
            compile(text_of(path), path, "exec", dont_inherit=True)

    @unittest.skipIf(sys.version_info < (3, 8), "this interpreter parses its own version only")
    def test_it_is_python_3_6(self):
        for path in MODULES + OTHERS:
            ast.parse(text_of(path), path, feature_version=(3, 6))

    @unittest.skipIf(sys.version_info < (3, 8), "this interpreter does not say where functions end")
    def test_functions_are_short(self):
        for path in MODULES:
            for node in ast.walk(ast.parse(text_of(path))):
                if isinstance(node, ast.FunctionDef):
                    length = node.end_lineno - node.lineno + 1
                    self.assertLessEqual(length, LONGEST, "%s: %s" % (path, node.name))

    def test_every_module_and_class_says_what_it_is(self):
        for path in MODULES:
            tree = ast.parse(text_of(path))
            self.assertTrue(ast.get_docstring(tree), path)
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and node.bases[0].__class__ is not ast.Attribute:
                    self.assertTrue(ast.get_docstring(node), "%s: %s" % (path, node.name))


if __name__ == "__main__":
    unittest.main()
