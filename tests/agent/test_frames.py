import os
import threading
import unittest

from shelflife_agent import frames
from support import Piped, frame


class Writing(Piped):
    def test_a_frame_is_lengths_json_and_payload(self):
        frames.send_frame(self.write_end, {"op": "x"}, b"12345")
        self.close_write_end()
        self.assertEqual(os.read(self.read_end, 100), frame({"op": "x"}, b"12345"))

    def test_json_is_ascii_whatever_the_text(self):
        head, payload = frames.frame_of({"text": "\u00fc\ud83d\ude00"})
        self.assertEqual(payload, b"")
        head[8:].decode("ascii")

    def test_more_than_a_pipe_holds_arrives_whole(self):
        payload = bytes(bytearray(range(256))) * (frames.MAX_JOINED // 64)
        self.assertGreater(len(payload), frames.MAX_JOINED)
        writer = threading.Thread(
            target=frames.send_frame, args=(self.write_end, {"op": "large"}, payload)
        )
        writer.start()
        message, arrived = frames.read_frame(self.read_end)
        writer.join()
        self.assertEqual(message, {"op": "large"})
        self.assertEqual(arrived, payload)


class Reading(Piped):
    def put(self, data):
        os.write(self.write_end, data)
        self.close_write_end()

    def test_frames_follow_one_another(self):
        self.put(frame({"n": 1}, b"a") + frame({"n": 2}))
        self.assertEqual(frames.read_frame(self.read_end), ({"n": 1}, b"a"))
        self.assertEqual(frames.read_frame(self.read_end), ({"n": 2}, b""))
        self.assertIsNone(frames.read_frame(self.read_end))

    def test_a_stream_may_end_anywhere(self):
        whole = frame({"n": 1}, b"payload")
        for length in range(len(whole)):
            read_end, write_end = os.pipe()
            try:
                os.write(write_end, whole[:length])
                os.close(write_end)
                self.assertIsNone(frames.read_frame(read_end), length)
            finally:
                os.close(read_end)

    def test_a_length_that_lies_costs_no_memory(self):
        # Four gigabytes are announced, and four bytes are there.
        self.put(b"\xff\xff\xff\xff\0\0\0\0{}  ")
        self.assertIsNone(frames.read_frame(self.read_end))


if __name__ == "__main__":
    unittest.main()
