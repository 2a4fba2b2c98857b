"""What several tests share."""

import importlib
import json
import os
import struct
import unittest

# `tests/agent.rs` puts the package on the path and, with this, the packed text into a file.
PACKED = os.environ.get("SHELFLIFE_PACKED_AGENT")


def frame(message, payload=b""):
    """The bytes of a frame, written down anew: the agent's own words are what is tried."""
    text = message if isinstance(message, bytes) else json.dumps(message).encode("ascii")
    return struct.pack("<II", len(text), len(payload)) + text + payload


def module_or_none(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


numpy = module_or_none("numpy")
scipy_sparse = module_or_none("scipy.sparse")
needs_numpy = unittest.skipIf(numpy is None, "numpy is not installed here")
needs_scipy = unittest.skipIf(scipy_sparse is None, "scipy is not installed here")
needs_packed = unittest.skipIf(PACKED is None, "SHELFLIFE_PACKED_AGENT names no packed agent")


class Piped(unittest.TestCase):
    """A test with a pipe whose ends are closed afterwards."""

    def setUp(self):
        self.read_end, self.write_end = os.pipe()
        self.is_writable = True

    def tearDown(self):
        os.close(self.read_end)
        self.close_write_end()

    def close_write_end(self):
        if self.is_writable:
            os.close(self.write_end)
            self.is_writable = False
