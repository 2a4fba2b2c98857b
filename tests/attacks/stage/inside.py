"""Where shelflife and its victim run: they see one another, and nothing of who watches them."""

import ctypes
import os
import subprocess
import sys

NEW_MOUNTS, NEW_PROCESSES = 0x20000, 0x20000000
# Its first process, which nobody inside can end: it takes in orphans.
KEEPER = """
import os, time
print(flush=True)
while True:
    try:
        os.wait()
    except ChildProcessError:
        time.sleep(0.02)
"""
libc = ctypes.CDLL(None, use_errno=True)


def enter(handle, kind):
    if libc.setns(handle, kind) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Inside(object):
    def __init__(self):
        words = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
        self.keeper = subprocess.Popen(
            words + [sys.executable, "-c", KEEPER], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        self.keeper.stdout.readline()
        with open("/proc/%d/task/%d/children" % ((self.keeper.pid,) * 2)) as file:
            first = file.read().split()[0]
        self.processes = os.open("/proc/%s/ns/pid" % first, os.O_RDONLY)
        self.mounts = os.open("/proc/%s/ns/mnt" % first, os.O_RDONLY)
        self.outside = os.open("/proc/self/ns/pid", os.O_RDONLY)

    def start(self, words, cwd, **options):
        def settle():
            enter(self.mounts, NEW_MOUNTS)
            os.chdir(cwd)

        enter(self.processes, NEW_PROCESSES)
        try:
            return subprocess.Popen(words, preexec_fn=settle, **options)
        finally:
            enter(self.outside, NEW_PROCESSES)


def number_inside(pid):
    """What a process is called inside."""
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    raise LookupError(pid)
