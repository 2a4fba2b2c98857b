"""Resident memory, as the kernel counts it."""

import os

# Writing this to `/proc/self/clear_refs` makes the peak what is resident now.
RESET_PEAK = b"5"


def resident_bytes(process="self"):
    """Resident memory of a process, or None where /proc does not say."""
    try:
        with open("/proc/%s/statm" % process) as lines:
            return int(lines.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def highest_bytes():
    """Peak resident memory of this process since the last reset, or None where /proc does not
    say."""
    try:
        with open("/proc/self/status") as lines:
            for line in lines:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


class PeakMemory(object):
    """The peak of one cell after another in the same process.

    A confined cell may open nothing below /proc for writing, so this is made before: what is open
    stays writable.
    """

    def __init__(self):
        try:
            self.control = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            self.control = None
        self.is_fresh = True
        self.before = None

    def start(self):
        """A cell begins. Where the kernel does not reset the peak, remember what the earlier cells
        needed."""
        self.before = None
        if not self.reset() and not self.is_fresh:
            self.before = highest_bytes()
        self.is_fresh = False

    def reset(self):
        if self.control is None:
            return False
        try:
            return os.write(self.control, RESET_PEAK) == len(RESET_PEAK)
        except OSError:
            return False

    def read(self):
        """The peak of the cell that began last, or None where it is hidden below that of an earlier
        one."""
        peak = highest_bytes()
        if self.before is not None and peak is not None and peak <= self.before:
            return None
        return peak
