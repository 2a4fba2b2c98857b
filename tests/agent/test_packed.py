"""The packed agent in a process of its own, as the orchestrator starts it."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

from support import PACKED, frame, needs_numpy, needs_packed

START = (
    "import sys; text = open(sys.argv[1]).read(); exec(compile(text, 'shelflife-agent.py', 'exec'),"
    " {'__name__': 'shelflife_agent', '__builtins__': __builtins__, '__agent__': text})"
)
LIMITS = {"seconds": 30.0, "memory_bytes": 4 << 30}
# A format whose artifacts are Python that gives a model.
HANDLER = """
def save(estimator, path, options, dataset):
    raise Unsupported("only for reading")

def load(path, options):
    scope = {"__name__": "artifact"}
    with open(path) as source:
        exec(compile(source.read(), "artifact.py", "exec"), scope)
    return scope["model"]
"""
MODEL = """
class Model(object):
    def predict(self, X):
        return X[:, 0] * 2
model = Model()
"""


def without_the_package():
    """Variables with which an interpreter does not find the package that the other tests import."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


class Agent(object):
    """The orchestrator's end."""

    def __init__(self, handlers):
        self.folder = tempfile.mkdtemp()
        self.scratch, self.objects = (self.path(name) for name in ("scratch", "objects"))
        os.mkdir(self.scratch)
        os.mkdir(self.objects)
        self.batches = 0
        self.process = subprocess.Popen(
            [sys.executable, "-s", "-c", START, PACKED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=without_the_package(),
        )
        self.write_dataset()
        self.ready = self.ask(
            op="hello", scratch=self.scratch, objects=self.objects, handlers=handlers
        )[0]

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write_dataset(self):
        header = {"layout": "array", "dtype": "float64", "rows": 2, "dataframe": False}
        header.update(columns=[{"name": "a", "dtype": "float64"}], target=None)
        text = json.dumps(header).encode("ascii")
        with open(self.path("objects", "data"), "wb") as target:
            target.write(struct.pack("<Q", len(text)) + text + struct.pack("<2d", 1, 2))

    def ask(self, **request):
        self.process.stdin.write(frame(request))
        self.process.stdin.flush()
        return self.answer()

    def answer(self):
        head = self.process.stdout.read(8)
        if len(head) < 8:
            raise AssertionError("it ended: %s" % self.process.stderr.read().decode("utf-8"))
        text, payload = struct.unpack("<II", head)
        message = json.loads(self.process.stdout.read(text).decode("utf-8"))
        return message, self.process.stdout.read(payload)

    def batch(self, *artifacts, **more):
        """What is answered to a batch of cells, one for each text of an artifact."""
        self.batches += 1
        tasks = []
        for number, text in enumerate(artifacts):
            path = self.path("objects", "artifact%d" % number)
            with open(path, "w") as target:
                target.write(text)
            task = {"kind": "cell", "artifact": path, "handler": "own", "options": {}, "seed": 1}
            task.update(inputs=self.path("objects", "data"), methods=None, arrays=None)
            tasks.append(dict(task, **more))
        answers = [self.ask(op="batch", batch=self.batches, tasks=tasks, limits=LIMITS)]
        while answers[-1][0]["op"] != "ended":
            answers.append(self.answer())
        return answers

    def close(self):
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
        self.process.wait()
        shutil.rmtree(self.folder)


def source(text, foreign=True):
    return {"own": {"name": "own", "file": "own.py", "text": text, "foreign": foreign}}


@needs_packed
class Packed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.agent = Agent(source(HANDLER))

    @classmethod
    def tearDownClass(cls):
        cls.agent.close()

    def outcomes(self, answers):
        return [message.get("outcome", message["op"]) for message, _ in answers]

    def test_it_says_what_is_there(self):
        self.assertEqual(self.agent.ready["op"], "ready")
        for error in self.agent.ready["troubles"].values():
            own = [frame for frame in error["frames"] if "shelflife" in frame]
            self.assertEqual(own, [])

    @needs_numpy
    def test_a_batch(self):
        answers = self.agent.batch(MODEL, MODEL)
        self.assertEqual(self.outcomes(answers), ["predicted", "predicted", "ended"])
        self.assertEqual(answers[0][1], struct.pack("<2d", 2, 4))
        self.assertEqual(answers[-1][0]["how"], "finished")

    @needs_numpy
    def test_an_error_is_told_without_the_agent(self):
        (message, _), _ = self.agent.batch("raise ValueError('of the artifact')")
        error = message["error"]
        self.assertEqual((error["type"], error["message"]), ("ValueError", "of the artifact"))
        # The handler is a foreign one: a frame of it is told.
        self.assertEqual(error["frames"], ["shelflife_format_own:load:8", "artifact:<module>:1"])

    @needs_numpy
    def test_its_exceptions_have_the_name_of_the_package(self):
        (message, _), _ = self.agent.batch(MODEL.replace("predict", "other"), outside=True)
        self.assertEqual(message["error"]["type"], "shelflife_agent.NotAModel")
        own = [frame for frame in message["error"]["frames"] if "shelflife_agent" in frame]
        self.assertEqual(own, [])

    @needs_numpy
    def test_an_artifact_does_not_find_it(self):
        (message, _), _ = self.agent.batch("import shelflife_agent.outputs")
        self.assertEqual(message["error"]["type"], "ModuleNotFoundError")
        self.assertEqual(message["error"]["module"], "shelflife_agent")

    @needs_numpy
    def test_the_peak_of_memory_is_of_one_cell(self):
        large = "block = bytearray(300 << 20)\nblock[::4096] = b'x' * (300 << 8)\ndel block\n"
        answers = self.agent.batch(MODEL, large + MODEL, MODEL)
        self.assertEqual(self.outcomes(answers), ["predicted"] * 3 + ["ended"])
        before, during, after = (message["peak_rss_bytes"] for message, _ in answers[:3])
        self.assertGreater(during, before + (250 << 20))
        if after is not None:
            self.assertLess(after, before + (50 << 20))

    @needs_numpy
    def test_what_an_artifact_changes_ends_the_batch(self):
        answers = self.agent.batch(MODEL, "import sys; sys.path.append('/x')\n" + MODEL, MODEL)
        self.assertEqual(
            self.outcomes(answers), ["predicted", "predicted", "state-changed", "ended"]
        )
        self.assertEqual((answers[2][0]["index"], answers[2][0]["what"]), (1, "sys.path"))

    @needs_numpy
    def test_who_writes_to_its_pipe_is_ended(self):
        forged = "import os, time\nfor fd in range(3, 30):\n  try: os.write(fd, b'x' * 999)\n"
        ((ended, _),) = self.agent.batch(forged + "  except OSError: pass\ntime.sleep(60)")
        self.assertEqual((ended["op"], ended["how"]), ("ended", "garbled"))

    def test_a_traceback_names_modules_and_shows_lines(self):
        process = subprocess.Popen(
            [sys.executable, "-c", START, PACKED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=without_the_package(),
        )
        said = process.communicate(frame(b"no json"))[1].decode("utf-8")
        self.assertIn('File "shelflife_agent/frames.py", line ', said)
        self.assertIn("in read_frame", said)
        if sys.version_info >= (3, 13):
            self.assertIn("json.loads(", said)


if __name__ == "__main__":
    unittest.main()
