"""Frames: two little-endian lengths, that many bytes of JSON, that many bytes of payload."""

import json
import os
import struct

HEADER = struct.Struct("<II")
MAX_JOINED = 1 << 18


def frame_of(message, payload=b""):
    """One frame in two parts: lengths of JSON and payload with the JSON, and the payload."""
    text = json.dumps(message, ensure_ascii=True).encode("ascii")
    return [HEADER.pack(len(text), len(payload)) + text, payload]


def write_all(descriptor, parts):
    # Each write wakes the reader, but joining large parts would take their memory again.
    if sum(map(len, parts)) <= MAX_JOINED:
        parts = [b"".join(parts)]
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(descriptor, view) :]


def send_frame(descriptor, message, payload=b""):
    write_all(descriptor, frame_of(message, payload))


def read_exactly(descriptor, count):
    """Read `count` bytes, or None where the stream ends first."""
    parts = []
    while count:
        part = os.read(descriptor, min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_frame(descriptor):
    """Read one frame as (message, payload), or None at the end of the stream."""
    head = read_exactly(descriptor, HEADER.size)
    if head is None:
        return None
    text_length, payload_length = HEADER.unpack(head)
    text = read_exactly(descriptor, text_length)
    payload = read_exactly(descriptor, payload_length)
    if text is None or payload is None:
        return None
    return json.loads(text.decode("utf-8")), payload
