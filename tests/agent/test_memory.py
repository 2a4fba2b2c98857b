import unittest
from unittest import mock

from shelflife_agent import memory

LARGE = 200 << 20


def take(size):
    """Have so much resident for a moment."""
    block = bytearray(size)
    for position in range(0, size, 4096):
        block[position] = 1


class Peak(unittest.TestCase):
    def setUp(self):
        self.peak = memory.PeakMemory()
        if memory.highest_bytes() is None:
            self.skipTest("/proc does not tell peaks here")

    def test_it_is_of_one_cell_alone(self):
        if not self.peak.reset():
            self.skipTest("the kernel does not reset peaks here")
        self.peak.start()
        take(LARGE)
        first = self.peak.read()
        self.peak.start()
        second = self.peak.read()
        self.assertGreaterEqual(first, LARGE)
        self.assertLess(second, first - LARGE // 2)

    def test_what_an_earlier_cell_hides_is_not_told(self):
        with mock.patch.object(memory.PeakMemory, "reset", lambda self: False):
            with mock.patch.object(memory, "highest_bytes", side_effect=[500, 500, 500, 500, 900]):
                self.peak.start()
                # The first cell of a process has its peak for itself.
                self.assertEqual(self.peak.read(), 500)
                self.peak.start()
                self.assertIsNone(self.peak.read())
                self.peak.start()
                self.assertEqual(self.peak.read(), 900)

    def test_a_descriptor_that_a_cell_has_closed_resets_nothing(self):
        self.peak.control = 9999
        self.assertFalse(self.peak.reset())
        self.peak.control = None
        self.assertFalse(self.peak.reset())

    def test_what_is_resident_is_told(self):
        self.assertGreater(memory.resident_bytes(), 1 << 20)
        self.assertIsNone(memory.resident_bytes("no process"))


if __name__ == "__main__":
    unittest.main()
