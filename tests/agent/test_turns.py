import struct
import unittest

from shelflife_agent import turns
from shelflife_agent.turns import Turns
from support import frame

BATCH = 7


def said(op, index=0, **more):
    return frame(dict(more, op=op, index=index, batch=BATCH))


FINISHED = frame({"op": "finished", "batch": BATCH})


class Fed(unittest.TestCase):
    def setUp(self):
        self.turns = Turns(BATCH, 3)

    def feed(self, *parts):
        return [message["op"] for part in parts for message, _ in self.turns.feed(part)]

    def assert_garbled(self, *parts):
        """Nothing of it gets through, and nothing that follows."""
        self.assertEqual(self.feed(*parts), [])
        self.assertTrue(self.turns.is_garbled)
        self.assertEqual(self.feed(said("start"), said("result"), FINISHED), [])


class WhatAChildSays(Fed):
    def test_a_whole_batch(self):
        passed = self.feed(
            said("start"),
            said("phase", phase="load"),
            said("result"),
            said("start", 1),
            said("result", 1),
            said("state-changed", 1, what="sys.path"),
            FINISHED,
        )
        self.assertEqual(
            passed, ["start", "phase", "result", "start", "result", "state-changed", "finished"]
        )
        self.assertFalse(self.turns.is_garbled)

    def test_a_frame_comes_in_pieces(self):
        whole = frame({"op": "result", "index": 0, "batch": BATCH}, b"payload")
        for position in range(len(whole) - 1):
            self.assertEqual(self.feed(whole[position : position + 1]), [])
        ((message, raw),) = self.turns.feed(whole[-1:])
        self.assertEqual(message["op"], "result")
        self.assertEqual(raw, whole)

    def test_several_frames_come_at_once(self):
        self.assertEqual(
            self.feed(said("start") + said("result") + FINISHED[:5]), ["start", "result"]
        )
        self.assertEqual(self.feed(FINISHED[5:]), ["finished"])

    def test_what_was_said_before_nonsense_stands(self):
        self.assertEqual(
            self.feed(said("start") + said("result") + b"\xff" * 64), ["start", "result"]
        )
        self.assertTrue(self.turns.is_garbled)


class WhatAnArtifactSays(Fed):
    def test_bytes_of_any_kind(self):
        self.assert_garbled(b"\xff" * 4096)

    def test_lengths_that_are_too_large(self):
        self.assert_garbled(struct.pack("<II", turns.MAX_JSON + 1, 0))

    def test_payloads_that_are_too_large(self):
        self.assert_garbled(struct.pack("<II", 2, turns.MAX_PAYLOAD + 1))

    def test_the_largest_lengths_are_waited_for(self):
        self.assertEqual(self.feed(struct.pack("<II", turns.MAX_JSON, turns.MAX_PAYLOAD)), [])
        self.assertFalse(self.turns.is_garbled)

    def test_texts_that_are_no_json(self):
        deep = b"[" * 200000
        for text in (b"", b"{", b"\xff\xfe", b"nonsense", deep, b"NaN", b'{"op": "result"}}'):
            self.setUp()
            self.assert_garbled(frame(text))

    def test_values_that_are_no_json(self):
        for value in (b"NaN", b"Infinity", b"-Infinity"):
            self.setUp()
            text = b'{"op":"result","batch":7,"index":0,"load_seconds":' + value + b"}"
            self.assert_garbled(frame(text))

    def test_json_that_is_no_message(self):
        for value in ([], 1, "result", None, {}, {"op": "result"}, {"batch": BATCH, "index": 0}):
            self.setUp()
            self.assert_garbled(frame(value))

    def test_another_batch(self):
        for batch in (BATCH - 1, BATCH + 1, str(BATCH), float(BATCH), None, [BATCH]):
            self.setUp()
            self.assert_garbled(frame({"op": "result", "index": 0, "batch": batch}))

    def test_another_task(self):
        for index in (1, -1, 2, 0.0, False, "0", None, [0], {}):
            self.setUp()
            self.assert_garbled(said("result", index))

    def test_a_task_that_is_over(self):
        self.feed(said("start"), said("result"), said("start", 1))
        self.assert_garbled(said("result", 0))

    def test_tasks_are_not_skipped(self):
        self.feed(said("start"))
        self.assert_garbled(said("start", 2))

    def test_tasks_do_not_come_back(self):
        self.feed(said("start"), said("start", 1), said("start", 2))
        self.assert_garbled(said("start", 1))

    def test_words_that_only_the_interpreter_says(self):
        for op in ("ended", "ready", "hello", "", None, 3, ["result"]):
            self.setUp()
            self.assert_garbled(said(op))

    def test_nothing_is_kept_of_what_follows(self):
        self.assert_garbled(b"\xff" * 64)
        kept = len(self.turns.buffer)
        self.assertEqual(self.feed(b"x" * 100000), [])
        self.assertEqual(len(self.turns.buffer), kept)


if __name__ == "__main__":
    unittest.main()
