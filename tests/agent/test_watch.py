import os
import signal
import subprocess
import sys
import time
import unittest

from shelflife_agent.watch import FAREWELL, TAIL, Watch
from support import Piped, frame

BATCH = 3
LIMITS = {"seconds": 60.0, "memory_bytes": None}


class Ends(object):
    """The interpreter's ends of a child's two pipes."""

    def __init__(self, results, printed):
        self.results = results
        self.printed = printed
        self.report = None


def said(op, index=0, **more):
    return frame(dict(more, op=op, index=index, batch=BATCH))


class Watched(Piped):
    """A child that sleeps in a group of its own, and pipes into which the test writes for it."""

    def setUp(self):
        Piped.setUp(self)
        self.printed, self.printed_end = os.pipe()
        self.out, self.output = os.pipe()
        self.child = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
        )
        self.watch = self.watched(LIMITS)

    def watched(self, limits):
        ends = Ends(self.read_end, self.printed)
        return Watch(self.child.pid, BATCH, ends, limits, baseline=0, tasks=3)

    def tearDown(self):
        if self.watch.status is None:
            self.watch.end("over")
            self.wait_for_end()
        # It is gone, and `Popen` did not see it go.
        self.child.returncode = 0
        for descriptor in (self.printed, self.printed_end, self.out, self.output):
            os.close(descriptor)
        Piped.tearDown(self)

    def child_says(self, *parts):
        os.write(self.write_end, b"".join(parts))
        return self.watch.take_results(self.output)

    def passed(self):
        os.write(self.output, b"|")
        return os.read(self.out, 1 << 16)[:-1]

    def wait_for_end(self):
        end = time.monotonic() + 30
        while not self.watch.look_for_end():
            self.assertLess(time.monotonic(), end, "the child does not end")
            time.sleep(0.005)


class WhatIsPassedOn(Watched):
    def test_results_and_changed_states_are_and_nothing_else(self):
        result = frame({"op": "result", "index": 0, "batch": BATCH}, b"payload")
        changed = said("state-changed", what="sys.path")
        self.assertTrue(
            self.child_says(said("start"), said("phase", phase="load"), result, changed)
        )
        self.assertEqual(self.passed(), result + changed)

    def test_the_end_of_the_pipe_is_told(self):
        self.close_write_end()
        self.assertFalse(self.watch.take_results(self.output))

    def test_a_meeting_of_ranks_gets_them_instead(self):
        taken = []

        class Meeting(object):
            def take_own(self, message, raw):
                taken.append((message["op"], raw))

        os.write(self.write_end, said("result"))
        self.watch.take_results(self.output, Meeting())
        self.assertEqual(taken, [("result", said("result"))])
        self.assertEqual(self.passed(), b"")

    def test_nonsense_ends_the_child(self):
        self.child_says(said("start"), said("result"), b"\xff" * 64, said("result"))
        self.assertEqual(self.passed(), said("result"))
        self.wait_for_end()
        ended = self.watch.ending()
        self.assertEqual(ended["how"], "garbled")
        self.assertIn("malformed", ended["printed"])

    def test_a_finish_after_nonsense_is_none(self):
        self.child_says(b"\xff" * 64, frame({"op": "finished", "batch": BATCH}))
        self.wait_for_end()
        self.assertEqual(self.watch.ending()["how"], "garbled")


class TheClock(Watched):
    def test_a_later_task_restarts_it(self):
        self.watch.deadline = before = time.monotonic() + 1
        self.child_says(said("start"))
        self.assertEqual(self.watch.deadline, before)
        self.child_says(said("start", 1))
        self.assertGreater(self.watch.deadline, before + 50)

    def test_phases_do_not(self):
        self.watch.deadline = before = time.monotonic() + 1
        self.child_says(said("start"), said("phase", phase="predict"), said("result"))
        self.assertEqual(self.watch.deadline, before)
        self.assertEqual(self.watch.phase, "predict")

    def test_who_is_done_has_a_moment_to_go(self):
        self.child_says(frame({"op": "finished", "batch": BATCH}))
        self.assertTrue(self.watch.finished)
        self.assertLess(self.watch.deadline, time.monotonic() + FAREWELL + 0.1)
        self.assertEqual(self.watch.ending()["how"], "finished")

    def test_who_takes_too_long_is_ended(self):
        self.watch.deadline = time.monotonic() - 1
        self.watch.check_limits()
        self.wait_for_end()
        self.assertEqual(self.watch.ending()["how"], "timeout")


class TheMemory(Watched):
    def test_who_takes_too_much_is_ended(self):
        self.watch = self.watched({"seconds": 60.0, "memory_bytes": 1})
        end = time.monotonic() + 30
        while self.watch.ended is None and time.monotonic() < end:
            self.watch.looked = 0.0
            self.watch.check_limits()
        self.wait_for_end()
        self.assertEqual(self.watch.ending()["how"], "memory")

    def test_who_takes_less_is_not(self):
        self.watch = self.watched({"seconds": 60.0, "memory_bytes": 1 << 40})
        self.watch.check_limits()
        self.assertIsNone(self.watch.ended)
        self.assertFalse(self.watch.look_for_end())


class TheEnd(Watched):
    def test_a_signal(self):
        self.child_says(said("start"), said("phase", phase="load"))
        os.kill(self.child.pid, signal.SIGTERM)
        self.wait_for_end()
        ended = self.watch.ending()
        self.assertEqual((ended["how"], ended["signal"]), ("signal", signal.SIGTERM))
        self.assertEqual((ended["index"], ended["phase"], ended["batch"]), (0, "load", BATCH))

    def test_a_status(self):
        self.watch.status = 3 << 8
        ended = self.watch.ending()
        self.assertEqual((ended["how"], ended["status"]), ("exit", 3))
        self.watch.status = None

    def test_the_end_of_what_it_printed_is_kept(self):
        os.write(self.printed_end, b"x" * TAIL + b"the last words \xff")
        while len(self.watch.tail) < TAIL or not self.watch.tail.endswith(b"\xff"):
            self.assertTrue(self.watch.take_printed())
        self.child.kill()
        self.wait_for_end()
        printed = self.watch.ending()["printed"]
        self.assertTrue(printed.endswith("the last words \ufffd"))
        self.assertLessEqual(len(printed), TAIL)

    def test_what_is_still_in_the_pipes_counts(self):
        os.write(self.write_end, said("start") + said("result"))
        os.write(self.printed_end, b"late")
        self.watch.drain(self.output)
        self.assertEqual(self.passed(), said("result"))
        self.assertEqual(self.watch.tail, b"late")


if __name__ == "__main__":
    unittest.main()
