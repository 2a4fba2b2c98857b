"""Limits of time and memory."""

import ctypes
import mmap
import os
import signal
import socket

from tools import FACTS, attack, attempt, call, detached, frame, libc, shout, sys, time

CHUNK = b"x" * (1 << 20)
MUCH = 640


def fill(path):
    with open(path, "wb") as file:
        for _ in range(MUCH):
            file.write(CHUNK)
    time.sleep(0.4)


def hold(count=MUCH):
    kept = bytearray(count << 20)
    for at in range(0, len(kept), 4096):
        kept[at] = 1
    time.sleep(0.4)
    return kept


def block_all():
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))


@attack
def endless(inner):
    block_all()
    while True:
        pass


@attack
def asleep(inner):
    block_all()
    while True:
        time.sleep(600)


@attack
def endless_predict(inner):
    class Endless(object):
        classes_ = inner.classes_

        def predict(self, X):
            while True:
                pass

    return Endless()


@attack
def endless_grandchild(inner):
    for _ in range(4):
        if os.fork() == 0:
            os.setsid()
            block_all()
            while True:
                pass


@attack
def endless_with_progress(inner):
    """Frames that say that it goes on, so that no limit is reached."""
    for number in range(2000):
        for batch in range(16):
            for op in ("start", "phase"):
                message = {"op": op, "batch": batch, "index": number % 3, "phase": "predict"}
                shout(frame(message))
        time.sleep(0.05)


@attack
def endless_by_clock(inner):
    """The agent's own clock, stopped."""
    import itertools
    import select

    count = itertools.count()
    time.monotonic = time.time = lambda: next(count) * 1e-9
    select.select = lambda r, w, x, t=0: ([], [], [])
    while True:
        pass


@attack
def stopped_and_continued(inner):
    pid = os.getpid()
    if os.fork() == 0:
        os.setsid()
        for _ in range(600):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.05)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.05)
        os._exit(0)
    time.sleep(600)


@attack
def memory(inner):
    hold(4000)


@attack
def memory_creeping(inner):
    kept = []
    while True:
        kept.append(bytearray(CHUNK))


@attack
def memory_mapped(inner):
    kept = mmap.mmap(-1, 2000 << 20)
    for at in range(0, len(kept), 4096):
        kept[at] = 1


@attack
def memory_of_children(inner):
    """Each below the limit, together far above it."""
    for _ in range(5):
        if os.fork() == 0:
            hold(190)
            os._exit(0)
    time.sleep(0.7)


@attack
def memory_of_grandchildren(inner):
    for _ in range(5):
        detached(lambda: hold(190))
    time.sleep(0.7)


@attack
def memory_in_shm(inner):
    fill("/dev/shm/filled")


@attack
def memory_in_tmp(inner):
    fill("/tmp/filled")


@attack
def memory_in_var_tmp(inner):
    fill("/var/tmp/filled")


@attack
def memory_in_scratch(inner):
    fill("filled")


@attack
def memory_in_memfd(inner):
    handle = call("memfd_create", b"filled", 0)
    with os.fdopen(handle, "wb") as file:
        for _ in range(MUCH):
            file.write(CHUNK)
        time.sleep(0.4)


@attack
def memory_in_shared_map(inner):
    kept = mmap.mmap(-1, MUCH << 20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
    for at in range(0, len(kept), 4096):
        kept[at] = 1
    time.sleep(0.4)


@attack
def memory_in_segments(inner):
    libc.shmat.restype = ctypes.c_void_p
    for _ in range(10):
        segment = libc.shmget(0, ctypes.c_size_t(64 << 20), 0o1600)
        place = libc.shmat(segment, None, 0)
        if place not in (None, ctypes.c_void_p(-1).value):
            ctypes.memset(place, 1, 64 << 20)
    time.sleep(0.4)


@attack
def memory_in_pipes(inner):
    import fcntl

    kept = []
    for _ in range(800):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        attempt(fcntl.fcntl, writer, 1031, 1 << 20)
        attempt(os.write, writer, CHUNK)
        kept.append((reader, writer))
    time.sleep(0.4)


@attack
def memory_in_sockets(inner):
    kept = []
    for _ in range(800):
        pair = socket.socketpair()
        pair[0].setblocking(False)
        pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        attempt(pair[0].send, CHUNK)
        kept.append(pair)
    time.sleep(0.4)


@attack
def memory_sparse(inner):
    """Much that is asked for and never touched: harmless, and no reason to be ended."""
    with open("sparse", "wb") as file:
        attempt(os.ftruncate, file.fileno(), 1 << 40)
    attempt(mmap.mmap, -1, 1 << 40)


@attack
def memory_of_huge_pages(inner):
    kept = attempt(mmap.mmap, -1, MUCH << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
    for at in range(0, len(kept or b""), 4096):
        kept[at] = 1


@attack
def memory_while_limits_are_lifted(inner):
    import resource

    for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_RSS):
        hard = resource.getrlimit(limit)[1]
        attempt(resource.setrlimit, limit, (hard, hard))
        attempt(resource.setrlimit, limit, (-1, -1))
    hold()


@attack
def memory_under_another_name(inner):
    """As many programs, which inherit nothing of Python's."""
    code = "x = bytearray(190 << 20); x[::4096] = b'1' * len(x[::4096]); import time; time.sleep(1)"
    for _ in range(5):
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-S", "-E", "-c", code])
    time.sleep(0.7)


@attack
def descriptors(inner):
    while True:
        if attempt(os.open, "/dev/null", os.O_RDONLY) is None:
            break


@attack
def file_of_much(inner):
    """More than the disk has, if it is a disk."""
    handle = os.open(os.path.join(FACTS["home"], "..", "much"), os.O_CREAT | os.O_WRONLY)
    for _ in range(MUCH):
        os.write(handle, CHUNK)


@attack
def processors(inner):
    """Time of processors beyond the limit, by many processes side by side."""
    for _ in range(8):
        if os.fork() == 0:
            end = time.time() + 30
            while time.time() < end:
                pass
            os._exit(0)
