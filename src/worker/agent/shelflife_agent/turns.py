"""The frames of a child, as far as they are what a child would send: an artifact may write to its
pipe as well."""

import json

from .frames import HEADER

MAX_JSON = 8 << 20
MAX_PAYLOAD = 1 << 31


def refuse(name):
    raise ValueError("no JSON: %s" % name)


# Python reads and writes NaN and infinities, which are no JSON; the orchestrator takes none.
DECODER = json.JSONDecoder(parse_constant=refuse)


def is_index(value):
    """Whether a value is a whole number in JSON: for Python, `true` and `1.0` are equal to 1."""
    return type(value) is int


class Turns(object):
    """The frames of one child in the order in which it may send them. Once something makes no
    sense, nothing that follows does."""

    def __init__(self, batch, tasks=1, most_bytes=MAX_PAYLOAD):
        self.batch = batch
        # No output is larger than the memory that its cell may take.
        self.most_bytes = min(most_bytes, MAX_PAYLOAD)
        self.tasks = tasks
        self.buffer = bytearray()
        self.index = 0
        self.is_garbled = False
        self.begun = False
        self.answered = False

    def feed(self, data):
        """Take what arrived; gives each frame that is complete by now as (message, raw bytes)."""
        if not self.is_garbled:
            self.buffer += data
        while not self.is_garbled:
            raw, text = self.cut_frame()
            if raw is None:
                return
            message = parsed(text)
            if not self.is_in_turn(message):
                self.is_garbled = True
                return
            if message["op"] == "start":
                self.index, self.begun, self.answered = message["index"], True, False
            elif message["op"] == "result":
                self.answered = True
            yield message, raw

    def cut_frame(self):
        """The first frame of the buffer and its JSON; twice None where it is not there yet or too
        large."""
        if len(self.buffer) < HEADER.size:
            return None, None
        text_length, payload_length = HEADER.unpack_from(self.buffer)
        if text_length > MAX_JSON or payload_length > self.most_bytes:
            self.is_garbled = True
            return None, None
        end = HEADER.size + text_length
        total = end + payload_length
        if len(self.buffer) < total:
            return None, None
        raw = bytes(self.buffer[:total])
        del self.buffer[:total]
        return raw, raw[HEADER.size : end]

    def is_in_turn(self, message):
        """Whether a message is one that the child would send now."""
        if not isinstance(message, dict):
            return False
        batch, kind, index = message.get("batch"), message.get("op"), message.get("index")
        if not is_index(batch) or batch != self.batch:
            return False
        if kind == "finished":
            return True
        if not is_index(index):
            return False
        if kind == "start":
            # Each task begins once, so that the clock of none is set back.
            return index < self.tasks and index == self.index + (1 if self.begun else 0)
        # What an earlier task has said stands, and each has one result.
        if kind == "result" and self.answered:
            return False
        return kind in ("phase", "result", "state-changed") and index == self.index


def parsed(text):
    """The value of a JSON text, or None where it is none."""
    try:
        return DECODER.decode(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
