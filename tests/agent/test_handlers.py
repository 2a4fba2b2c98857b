import io
import os
import shutil
import tarfile
import tempfile
import unittest

from shelflife_agent import archive, damage, handlers, imports
from shelflife_agent.errors import Missing, Unsupported

WHOLE = """
def save(estimator, path, options, dataset):
    with open(path, "w") as target:
        target.write(estimator + options["suffix"])
    return ["predict"]

def load(path, options):
    with open(path) as source:
        return source.read()
"""
FOLDER = """
import os
FOLDER = True

def save(estimator, path, options, dataset):
    os.mkdir(os.path.join(path, "deep"))
    with open(os.path.join(path, "deep", "model"), "w") as target:
        target.write(estimator)

def load(path, options):
    with open(os.path.join(path, "deep", "model")) as source:
        return source.read()
"""


class InFolder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.addCleanup(handlers.SOURCES.clear)
        self.addCleanup(handlers.LOADED.clear)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def known(self, text, foreign=False):
        handlers.SOURCES["own"] = {
            "name": "own",
            "file": "own.py",
            "text": text,
            "foreign": foreign,
        }

    def saved(self, **options):
        saving = {"handler": "own", "path": self.path("artifact"), "options": options}
        return handlers.save_artifact("model", saving, None)

    def loaded(self):
        return handlers.load_artifact(
            {"handler": "own", "artifact": self.path("artifact"), "options": {}}
        )


class Handlers(InFolder):
    def test_a_file(self):
        self.known(WHOLE)
        self.assertEqual(self.saved(suffix="!"), ["predict"])
        self.assertEqual(self.loaded(), "model!")

    def test_a_folder(self):
        self.known(FOLDER)
        self.assertIsNone(self.saved())
        self.assertEqual(os.listdir(self.folder), ["artifact"])
        self.assertEqual(self.loaded(), "model")

    def test_its_file_is_executed_once(self):
        self.known(WHOLE)
        self.assertIs(handlers.handler("own"), handlers.handler("own"))

    def test_its_name_and_whose_it_is(self):
        self.known(WHOLE, foreign=True)
        scope = handlers.handler("own")
        self.assertEqual(
            (scope["__name__"], scope["__shelflife__"]), ("shelflife_format_own", False)
        )

    def test_it_has_to_define_both(self):
        self.known("def save(): pass")
        with self.assertRaises(TypeError) as raised:
            handlers.handler("own")
        self.assertEqual(str(raised.exception), "own.py defines no load")

    def test_it_can_say_why_not(self):
        self.known(WHOLE + "\ndef load(path, options): raise Unsupported('not that')")
        with self.assertRaises(Unsupported):
            self.loaded()

    def test_what_it_needs(self):
        self.known(WHOLE + "\nLOAD_NEEDS = [('no_such_module', 'such-package')]")
        with self.assertRaises(Missing) as raised:
            self.loaded()
        self.assertEqual(
            str(raised.exception),
            "such-package is not installed: add it to the packages of the environment",
        )

    def test_whether_a_module_is_there(self):
        self.assertTrue(imports.is_there("os.path"))
        self.assertTrue(imports.is_there("wave"))
        for name in ("no_such_module", "no_such.module", ""):
            self.assertFalse(imports.is_there(name))


class Archives(InFolder):
    def test_only_names_and_contents_count(self):
        packed = []
        for number in (1, 2):
            folder = self.path("f%d" % number)
            for name in ("b", "a", "__pycache__"):
                os.makedirs(os.path.join(folder, name))
                with open(os.path.join(folder, name, "x"), "w") as target:
                    target.write(name)
            os.utime(os.path.join(folder, "a", "x"), (number, number))
            archive.pack(folder, self.path("packed"))
            with open(self.path("packed"), "rb") as source:
                packed.append(source.read())
        self.assertEqual(packed[0], packed[1])
        self.assertNotIn(b"__pycache__", packed[0])

    def hostile(self, *entries):
        with tarfile.open(self.path("hostile"), "w") as target:
            for name, kind in entries:
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, "/etc/passwd"
                info.size = 1 if kind == tarfile.REGTYPE else 0
                target.addfile(info, io.BytesIO(b"x"))
        os.mkdir(self.path("out"))
        return archive.unpack(self.path("hostile"), self.path("out"))

    def test_nothing_lands_outside(self):
        for name, kind in [
            ("/absolute", tarfile.REGTYPE),
            ("../above", tarfile.REGTYPE),
            ("a/../../above", tarfile.REGTYPE),
            ("link", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("pipe", tarfile.FIFOTYPE),
            ("device", tarfile.CHRTYPE),
        ]:
            with self.assertRaises(tarfile.TarError, msg=name):
                self.hostile((name, kind))
            self.assertEqual(os.listdir(self.path("out")), [])
            os.rmdir(self.path("out"))

    def test_folders_need_no_entry_of_their_own(self):
        self.hostile(("a/b/c", tarfile.REGTYPE))
        self.assertTrue(os.path.isfile(self.path("out", "a", "b", "c")))

    def test_an_archive_that_lost_its_end(self):
        os.mkdir(self.path("in"))
        archive.pack(self.path("in"), self.path("packed"))
        for size in (0, 700):
            with open(self.path("packed"), "r+b") as target:
                target.truncate(size)
            with self.assertRaises(tarfile.ReadError):
                archive.unpack(self.path("packed"), self.folder)


class Damages(InFolder):
    def test_small_ones(self):
        data = bytes(bytearray(range(100)))
        for kind, expected in [
            ("truncated", data[:50]),
            ("last-byte", data[:-1]),
            ("empty", b""),
            ("magic", b"\0XXX" + data[4:]),
            ("flipped", data[:50] + b"\x22" + data[51:]),
        ]:
            with open(self.path("file"), "wb") as target:
                target.write(data)
            damage.damage(self.path("file"), kind)
            with open(self.path("file"), "rb") as source:
                self.assertEqual(source.read(), expected, kind)

    def test_what_does_not_apply(self):
        for kind in ("bomb", "claim"):
            with self.assertRaises(Unsupported):
                damage.DAMAGES[kind](b"plain")


if __name__ == "__main__":
    unittest.main()
