"""What goes on when a run has ended."""

import os
import signal
import time

from sampler import comm_of, pids

# How long ending may take.
GRACE = 3.0
OF_DOCKER = ("dockerd", "containerd", "docker-init")


class Processes(object):
    def __init__(self, known, has_docker):
        self.known = known
        self.has_docker = has_docker

    def left_over(self, names):
        """Those that are still there a moment later, by the attack that they are of."""
        end = time.monotonic() + GRACE
        while time.monotonic() < end and self.strangers():
            time.sleep(0.05)
        told = {}
        for pid in self.strangers():
            attack = names.get(comm_of(pid)[:15])
            told[attack] = told.get(attack, 0) + 1
        return [(attack, "%d processes went on" % count) for attack, count in told.items()]

    def strangers(self):
        found = pids() - self.known - {os.getpid()}
        return [pid for pid in found if not is_reaped(pid) and not self.is_of_docker(pid)]

    def is_of_docker(self, pid):
        return self.has_docker and comm_of(pid) in OF_DOCKER

    def end_all(self):
        # Stopped first, so that none of them starts another one.
        for number in (signal.SIGSTOP, signal.SIGKILL, signal.SIGKILL, signal.SIGKILL):
            for pid in self.strangers():
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
            time.sleep(0.02)


def is_reaped(pid):
    """Orphans come to us: the first process of these namespaces."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False
