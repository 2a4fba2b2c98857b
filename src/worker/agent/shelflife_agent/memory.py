"""Resident memory, as the kernel counts it."""

import os
import signal

# Writing this to `/proc/self/clear_refs` makes the peak what is resident now.
RESET_PEAK = b"5"


def resident_bytes(process="self"):
    """Resident memory of a process, or None where /proc does not say."""
    try:
        with open("/proc/%s/statm" % process) as lines:
            return int(lines.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def descendants(process):
    """A process and whatever descends from it; orphans come to the first process of their
    namespace."""
    found, queue = [], [process]
    while queue:
        pid = queue.pop()
        found.append(pid)
        try:
            for thread in os.listdir("/proc/%d/task" % pid):
                with open("/proc/%d/task/%s/children" % (pid, thread)) as words:
                    queue.extend(int(word) for word in words.read().split())
        except (OSError, ValueError):
            # It has just ended.
            pass
    return found


def share_bytes(process):
    """What a process takes of the machine: pages that it shares count by their share. None where
    /proc does not say."""
    try:
        with open("/proc/%d/smaps_rollup" % process) as lines:
            for line in lines:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def exceeds(processes, baseline, limit):
    """Whether processes that were forked from one of `baseline` bytes take more than a limit beyond
    that, together."""
    resident = [resident_bytes(process) or 0 for process in processes]
    if sum(resident) <= baseline + limit:
        return False
    if len(resident) < 2:
        return True
    # They take more while they are counted, unless they stand still.
    send_all(processes, signal.SIGSTOP)
    # Those that have ended and were not collected yet have neither.
    shares = [share_bytes(process) for process, size in zip(processes, resident) if size]
    if None in shares:
        # One by one at least.
        exceeded = max(resident) > baseline + limit
    else:
        exceeded = sum(shares) > baseline + limit
    if not exceeded:
        send_all(processes, signal.SIGCONT)
    return exceeded


def send_all(processes, number):
    for process in processes:
        try:
            os.kill(process, number)
        except OSError:
            # It has just ended.
            pass


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
