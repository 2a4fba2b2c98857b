"""The packed agent in a process of its own, as the orchestrator starts it."""

import struct
import sys
import unittest

from orchestrator import HANDLER, MODEL, START, Agent, source, started, variables
from support import frame, needs_numpy, needs_packed


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
    def test_it_says_itself_what_is_no_model(self):
        (message, _), _ = self.agent.batch(MODEL.replace("predict", "other"), outside=True)
        self.assertEqual((message["outcome"], message["unfit"]), ("unfit", "not-a-model"))
        self.assertIn("nothing to predict with", message["reason"])

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
        process = started(START, env=variables())
        said = process.communicate(frame(b"no json"))[1].decode("utf-8")
        self.assertIn('File "shelflife_agent/frames.py", line ', said)
        self.assertIn("in read_frame", said)
        if sys.version_info >= (3, 13):
            self.assertIn("json.loads(", said)


if __name__ == "__main__":
    unittest.main()
