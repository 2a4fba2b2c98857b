import os
import shutil
import sys
import tempfile
import types
import unittest

from shelflife_agent import confine


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def made(self, *parts):
        path = os.path.join(self.folder, *parts)
        os.makedirs(path)
        return path

    def import_as(self, name, file):
        sys.modules[name] = module = types.ModuleType(name)
        module.__file__ = file
        self.addCleanup(sys.modules.pop, name)


class Readable(Folder):
    def test_the_interpreter_its_packages_and_the_artifacts(self):
        paths = confine.readable_paths([])
        for path in (
            sys.prefix,
            sys.base_prefix,
            os.path.dirname(os.path.realpath(sys.executable)),
        ):
            self.assertIn(path, paths)
        self.assertIn("/usr", paths)
        for path in sys.path:
            self.assertEqual(path in paths, os.path.isabs(path))

    def test_neither_homes_nor_the_root(self):
        kept = dict(os.environ, PATH="/bin:" + self.made("tool", "bin"))
        before = dict(os.environ)
        os.environ.update(kept)
        self.addCleanup(os.environ.update, before)
        homes = [self.folder]
        self.assertEqual(confine.program_folders(homes), {os.path.realpath("/bin")})
        self.assertNotIn(self.folder, confine.readable_paths(homes))

    def test_editable_installations_are_read_from_their_top(self):
        self.import_as("edited", os.path.join(self.folder, "a", "edited", "__init__.py"))
        self.import_as(
            "edited.deep.part", os.path.join(self.folder, "a", "edited", "deep", "part.py")
        )
        self.import_as("single", os.path.join(self.folder, "b", "single.py"))
        found = {path for path in confine.module_folders() if path.startswith(self.folder)}
        self.assertEqual(
            found,
            {os.path.join(self.folder, "a", "edited"), os.path.join(self.folder, "b", "single.py")},
        )

    def test_modules_that_are_no_files(self):
        sys.modules["strange"] = types.ModuleType("strange")
        sys.modules["strange"].__file__ = 3
        self.addCleanup(sys.modules.pop, "strange")
        confine.module_folders()


def write_below(folder):
    with open(os.path.join(folder, "x"), "w") as target:
        target.write("x")


class Landlock(Folder):
    """What the rules do to a process, where the kernel has them."""

    def tried(self, action):
        """Whether a confined child could do something."""
        import ctypes

        scratch, objects = self.made("scratch"), self.made("objects")
        libc = ctypes.CDLL(None, use_errno=True)
        version = confine.landlock_version(libc)
        readable = confine.readable_paths([]) | {objects}
        ruleset = confine.restrict_files(libc, version, readable, {scratch}) if version else None
        if ruleset is None:
            self.skipTest("the kernel has no Landlock")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                confine.drop_powers(libc)
                confine.enter(libc, ruleset)
                action(scratch, objects)
                status = 0
            except PermissionError:
                status = 13
            finally:
                os._exit(status)
        os.close(ruleset)
        return os.WEXITSTATUS(os.waitpid(child, 0)[1])

    def test_artifacts_are_read(self):
        self.assertEqual(self.tried(lambda scratch, objects: os.listdir(objects)), 0)

    def test_artifacts_are_not_written(self):
        self.assertEqual(self.tried(lambda scratch, objects: write_below(objects)), 13)

    def test_scratch_is_written(self):
        self.assertEqual(self.tried(lambda scratch, objects: write_below(scratch)), 0)

    def test_others_are_not_read(self):
        self.assertEqual(self.tried(lambda *_: os.listdir(self.folder)), 13)

    def test_the_peak_of_memory_is_reset_all_the_same(self):
        from shelflife_agent.memory import PeakMemory

        peak = PeakMemory()
        if not peak.reset():
            self.skipTest("the kernel does not reset peaks here")

        def reset(*_):
            if not peak.reset():
                os._exit(5)

        self.assertEqual(self.tried(reset), 0)


if __name__ == "__main__":
    unittest.main()
