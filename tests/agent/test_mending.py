"""Models of other releases, read and corrected by the engine of mends; no library is needed, since
it knows none: the classes stand in a module that the tests make."""

import ast
import bz2
import gzip
import io
import lzma
import os
import pathlib
import pickle
import sys
import tempfile
import types
import unittest
import zlib

from shelflife_agent.mending import mend_file, mender, registry
from shelflife_agent.mending.containers import compression_of
from shelflife_agent.mending.placing import in_one, places_of
from shelflife_agent.mending.releases import meets, release_of
from support import module_or_none, needs_numpy, numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
joblib = module_or_none("joblib")
SHOP = """
__version__ = "2.1.0"

class Base(object):
    def __setstate__(self, state):
        if "price" not in state:
            raise ValueError("no price")
        self.__dict__.update(state)
    def __getstate__(self):
        return dict(self.__dict__, _shop_version=__version__)

class Item(Base):
    def __init__(self, price=3, colour="red"):
        self.price = price
        self.colour = colour
    @classmethod
    def _get_param_names(cls):
        return ["colour", "price"]

class Box(object):
    pass
"""


def written_pickle(module, name, state, protocol=2):
    """A pickle of an object of a class that need not exist."""
    made = type(str(name), (object,), {"__module__": module})
    home = types.ModuleType(module)
    setattr(home, name, made)
    before = sys.modules.get(module)
    sys.modules[module] = home
    try:
        thing = made()
        thing.__dict__.update(state)
        return pickle.dumps(thing, protocol=protocol)
    finally:
        if before is None:
            del sys.modules[module]
        else:
            sys.modules[module] = before


class Staged(unittest.TestCase):
    """A module of classes, a folder, and an engine that knows no mends yet."""

    def setUp(self):
        registry.REGISTRY.__init__()
        shop = types.ModuleType("shop")
        sys.modules["shop"] = shop
        exec(SHOP, shop.__dict__)
        for kind in (shop.Base, shop.Item, shop.Box):
            kind.__module__ = "shop"
        self.shop = shop
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        sys.modules.pop("shop", None)
        self.folder.cleanup()
        registry.REGISTRY.__init__()

    def place(self, name):
        return os.path.join(self.folder.name, name)

    def mended(self, data, *mends, **task):
        with open(self.place("in"), "wb") as target:
            target.write(data)
        if os.path.exists(self.place("out")):
            os.unlink(self.place("out"))
        pairs = [("rule-%d" % index, text) for index, text in enumerate(mends)]
        task = dict({"versions": {"shop": "1.0"}, "mends": pairs}, **task)
        return mend_file(dict(task, artifact=self.place("in"), output=self.place("out")))

    def written(self):
        with open(self.place("out"), "rb") as source:
            return source.read()


class Mending(Staged):
    def test_states_are_corrected_before_the_object_sees_them(self):
        data = written_pickle("shop", "Item", {"cost": 7})
        text = "@mend('shop', 'Item', read='>=2')\ndef f(it):\n    it.rename('cost', 'price')\n"
        reply = self.mended(data, text)
        self.assertEqual(reply["outcome"], "mended")
        model = pickle.loads(self.written())
        self.assertEqual((type(model), model.price, model.colour), (self.shop.Item, 7, "red"))
        told = [(change["mend"], change["what"]) for change in reply["changes"]]
        self.assertIn(("rule-0", "cost -> price"), told)
        self.assertEqual([change["mend"] for change in reply["changes"]], ["rule-0", "generic"])
        self.assertEqual(reply["keys"]["renamed"][0]["to"], "price")

    def test_every_protocol_is_read_and_written_as_it_was(self):
        for protocol in range(min(5, pickle.HIGHEST_PROTOCOL) + 1):
            data = written_pickle("shop", "Box", {"a": [1, b"x", "y"], "b": (2.5, None)}, protocol)
            self.assertEqual(self.mended(data)["outcome"], "mended")
            self.assertEqual(pickle.loads(self.written()).a, [1, b"x", "y"])
            first = self.written()[:2] if protocol >= 2 else b"\x80%c" % protocol
            self.assertEqual(first[1], protocol)

    def test_bytes_of_protocol_5_are_read_by_any_python(self):
        # A list of one bytearray, with the operation that Python 3.8 brought.
        data = b"\x80\x05]\x94\x96\x02\x00\x00\x00\x00\x00\x00\x00hi\x94a."
        self.assertEqual(self.mended(data)["outcome"], "mended")
        self.assertEqual(pickle.loads(self.written()), [bytearray(b"hi")])

    def test_compression_stays_what_it_was(self):
        plain = written_pickle("shop", "Box", {"a": 1})
        for data in (
            zlib.compress(plain),
            gzip.compress(plain),
            bz2.compress(plain),
            lzma.compress(plain),
            lzma.compress(plain, lzma.FORMAT_ALONE),
        ):
            self.assertEqual(self.mended(data)["outcome"], "mended")
            self.assertEqual(compression_of(self.written()), compression_of(data))

    def test_a_class_that_is_gone_refuses_the_file_where_it_is_left_over(self):
        inner = written_pickle("shop", "Box", {"a": 1}).replace(b"Box", b"Bag")
        box = b"\x80\x02]" + inner[2:-1] + b"a."
        reply = self.mended(box)
        self.assertEqual(reply["outcome"], "refused")
        refused = reply["refused"][0]
        self.assertEqual((refused["why"], refused["name"]), ("left-over", "Bag"))
        self.assertEqual(refused["path"], "[0]")
        self.assertFalse(os.path.exists(self.place("out")))

    def test_what_a_stand_in_holds_is_made_anew_everywhere(self):
        bag = written_pickle("shop", "Box", {"a": 1}).replace(b"Box", b"Bag")[2:-1]
        # A list that holds the same object twice.
        data = b"\x80\x02]" + bag + b"q\x63ah\x63a."
        text = (
            "@remade('shop', 'Bag')\ndef f(gone):\n"
            "    made = native('shop', 'Box')()\n    made.b = gone_state(gone)['a'] + 1\n"
            "    return made\n"
        )
        reply = self.mended(data, text)
        self.assertEqual(reply["outcome"], "mended", reply)
        first, second = pickle.loads(self.written())
        self.assertIs(first, second)
        self.assertEqual(first.b, 2)

    def test_names_are_looked_for_where_mends_say(self):
        data = written_pickle("shop", "Box", {"a": 1}).replace(b"cshop\n", b"cstore\n")
        reply = self.mended(data, "moved('store', 'shop')\n")
        self.assertEqual(reply["outcome"], "mended", reply)
        self.assertEqual(reply["changes"][0]["what"], "read as shop.Box")

    def test_a_mend_of_two_classes_runs_once_and_in_its_releases_only(self):
        data = written_pickle("shop", "Item", {"price": 1, "colour": "blue"})
        text = (
            "@mend('shop', 'Item Base', %s)\ndef f(it):\n    it.set('price', it.get('price') * 2)\n"
        )
        for when, price in (("written='<2'", 2), ("written='>=2'", 1), ("read='<2'", 1)):
            registry.REGISTRY.__init__()
            self.mended(data, text % when)
            self.assertEqual(pickle.loads(self.written()).price, price)

    def test_an_object_says_its_own_release(self):
        data = written_pickle("shop", "Item", {"price": 1, "_shop_version": "2.0"})
        text = "@mend('shop', 'Item', written='<2')\ndef f(it):\n    it.set('price', 5)\n"
        self.mended(data, text)
        self.assertEqual(pickle.loads(self.written()).price, 1)

    def test_releases_are_skimmed_where_nobody_says_them(self):
        data = written_pickle("shop", "Item", {"price": 1, "_shop_version": "1.2.post1"})
        self.assertEqual(mender.skimmed(data, "ASCII"), {"shop": "1.2.post1"})

    def test_keys_do_not_vanish_without_a_word(self):
        data = written_pickle("shop", "Box", {"a": 1, "b": 2})
        reply = self.mended(data, "@mend('shop', 'Box')\ndef f(it):\n    del it.state['a']\n")
        self.assertEqual(reply["refused"][0]["why"], "unaccounted")
        registry.REGISTRY.__init__()
        reply = self.mended(data, "@mend('shop', 'Box')\ndef f(it):\n    it.drop('a', 'is b')\n")
        self.assertEqual(reply["keys"]["dropped"][0]["reason"], "is b")
        self.assertEqual(reply["keys"]["kept"], 1)

    def test_what_a_mend_refuses_is_told_with_its_rule(self):
        data = written_pickle("shop", "Box", {"a": 1})
        reply = self.mended(data, "@mend('shop', 'Box')\ndef f(it):\n    it.refuse('no', what=1)\n")
        refused = reply["refused"][0]
        told = (refused["why"], refused["rule"], refused["what"], refused["class"])
        self.assertEqual(told, ("no", "rule-0", 1, "Box"))

    def test_commands_are_never_called(self):
        reply = self.mended(b"cos\nsystem\n(S'false'\ntR.")
        self.assertEqual(reply["refused"][0]["why"], "name-not-allowed")
        for name in (b"eval", b"exec", b"__import__", b"getattr", b"open"):
            reply = self.mended(b"cbuiltins\n" + name + b"\n(S'1'\ntR.")
            self.assertEqual(reply["refused"][0]["why"], "name-not-allowed")
        data = written_pickle("shop", "Box", {"a": 1})
        reply = self.mended(data, allowed=["shop:Item"])
        self.assertEqual(reply["refused"][0]["name"], "Box")

    def test_a_companion_is_asked_for_and_used(self):
        data = written_pickle("shop", "Box", {"a": 1})
        text = (
            "@mend('shop', 'Box', exactness='companion')\ndef f(it):\n"
            "    it.become(it.companion('beside', 'Kept'), 'kept')\n"
        )
        reply = self.mended(data, text)
        self.assertEqual((reply["outcome"], reply["needs_companion"]), ("refused", ["beside"]))
        registry.REGISTRY.__init__()
        source = "import shop\nclass Kept(shop.Box):\n    pass\n"
        reply = self.mended(data, text, companions=[["beside", source]])
        self.assertEqual(reply["needs_companion"], ["beside"])
        self.assertIn(b"beside", self.written())
        sys.modules.pop("beside", None)

    def test_nothing_is_overwritten(self):
        data = written_pickle("shop", "Box", {"a": 1})
        self.mended(data)
        with self.assertRaises(FileExistsError):
            mend_file({"artifact": self.place("in"), "output": self.place("out")})

    def test_several_models_stay_several(self):
        data = written_pickle("shop", "Box", {"a": 1}) + written_pickle("shop", "Box", {"a": 2})
        self.mended(data, options={"consecutive": True})
        source = io.BytesIO(self.written())
        self.assertEqual([pickle.load(source).a, pickle.load(source).a], [1, 2])


class ByValue(Staged):
    """What dill and cloudpickle write; neither is installed."""

    ATTRIBUTE = b"cdill._dill\n_get_attr\n(cdill._dill\n_import_module\n(S'%s'\ntRS'%s'\ntR."

    def test_names_that_dill_asks_for_by_calls_are_names(self):
        self.assertEqual(self.mended(self.ATTRIBUTE % (b"shop", b"Item"))["outcome"], "mended")
        self.assertIs(pickle.loads(self.written()), self.shop.Item)
        text = "moved('shop', 'old.shop')"
        reply = self.mended(self.ATTRIBUTE % (b"old.shop", b"Item"), text)
        self.assertEqual(reply["outcome"], "mended", reply)
        self.assertIs(pickle.loads(self.written()), self.shop.Item)

    def test_nothing_is_reached_by_those_calls_that_no_name_reaches(self):
        for module, name in ((b"os", b"system"), (b"shop", b"sys.exit"), (b"builtins", b"eval")):
            reply = self.mended(self.ATTRIBUTE % (module, name))
            self.assertEqual(reply["outcome"], "refused", (module, name))
            self.assertEqual(reply["refused"][0]["why"], "name-not-allowed")
        reply = self.mended(b"cdill._dill\n_get_attr\n(S'x'\nS'join'\ntR.")
        self.assertEqual(reply["refused"][0]["why"], "name-not-allowed")

    def test_what_travels_by_value_is_written_by_whoever_wrote_it(self):
        package = types.ModuleType("cloudpickle")
        package.made = lambda: lambda x: x + 1
        package.dumps = lambda model, protocol: b"by value, protocol %d" % protocol
        sys.modules["cloudpickle"] = package
        try:
            reply = self.mended(b"\x80\x02]ccloudpickle\nmade\n)Ra.")
        finally:
            del sys.modules["cloudpickle"]
        self.assertEqual(reply["outcome"], "mended", reply)
        self.assertEqual(self.written(), b"by value, protocol 2")


class Places(unittest.TestCase):
    def test_places_are_written_as_in_python(self):
        leaf = [object() for _ in range(3)]
        root = types.SimpleNamespace(steps=[("a", types.SimpleNamespace(parts=leaf))])
        found = places_of(root, leaf)
        places = [found[id(part)] for part in leaf]
        self.assertEqual(in_one(places), "steps[0][1].parts[0..2]")

    def test_releases(self):
        self.assertEqual(release_of("0.22.2.post1"), (0, 22, 2))
        self.assertTrue(meets((1, 3, 0), ">=1.3,<1.3.1"))
        self.assertFalse(meets((1, 3, 1), ">=1.3,<1.3.1"))
        self.assertFalse(meets(None, ">=1.3"))


@unittest.skipIf(joblib is None, "joblib is not installed here")
@needs_numpy
class Framed(Staged):
    def test_arrays_of_joblib_are_read_and_written(self):
        model = self.shop.Box()
        model.numbers = numpy.arange(12.0).reshape(3, 4)
        model.fortran = numpy.asfortranarray(model.numbers)
        model.words = numpy.array(["a", None, 3], dtype=object)
        for compress in (0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)):
            joblib.dump(model, self.place("model"), compress=compress)
            with open(self.place("model"), "rb") as source:
                data = source.read()
            self.assertEqual(self.mended(data)["outcome"], "mended")
            read = joblib.load(self.place("out"))
            self.assertEqual(compression_of(self.written()), compression_of(data))
            for name in ("numbers", "fortran", "words"):
                self.assertTrue((getattr(read, name) == getattr(model, name)).all())
            self.assertTrue(read.fortran.flags.f_contiguous)


class Files(unittest.TestCase):
    """The files of mends and the modules of the engine as texts: they are put into one script."""

    def texts(self):
        places = list((ROOT / "knowledge/mends").glob("*.py"))
        places += (ROOT / "src/worker/agent/shelflife_agent/mending").glob("*.py")
        return [(path.name, path.read_text()) for path in sorted(places)]

    def test_no_two_have_a_name_in_common(self):
        homes = {}
        for file, text in self.texts():
            for node in ast.parse(text).body:
                for name in defined(node):
                    self.assertEqual(homes.setdefault(name, file), file, name)

    def test_they_can_be_packed(self):
        for file, text in self.texts():
            self.assertTrue(all(ord(letter) < 128 for letter in text), file)
            self.assertNotIn("'" * 3, text, file)
            self.assertTrue(text.endswith("\n"), file)

    def test_mends_say_what_they_do_and_register(self):
        for path in (ROOT / "knowledge/mends").glob("*.py"):
            registry.REGISTRY.__init__()
            text = path.read_text()
            self.assertTrue(ast.get_docstring(ast.parse(text)), path.name)
            mender.take_in([(path.stem, text)])
        registry.REGISTRY.__init__()


def defined(node):
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


if __name__ == "__main__":
    unittest.main()
