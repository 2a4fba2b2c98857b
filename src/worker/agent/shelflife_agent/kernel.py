"""What is asked of the kernel: another network, limits, the ends of processes."""

import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import sys
import time

# Room for reservations that never become resident (thread stacks, arenas) on top of the memory
# limit.
ADDRESS_HEADROOM = 1 << 30
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
F_SETPIPE_SZ = 1031
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1
IFF_RUNNING = 0x40


def c_library():
    try:
        return ctypes.CDLL(None, use_errno=True)
    except OSError:
        return None


def become_subreaper(libc):
    """Whatever a child leaves running comes to us when the child has ended."""
    if libc is not None and hasattr(libc, "prctl"):
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def raise_loopback():
    """Switch on the loopback device of an empty network namespace: MPI talks to itself even with
    one rank, and what a process says to itself is no network."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(
                any_socket.fileno(),
                SIOCSIFFLAGS,
                struct.pack("16sh22x", b"lo", IFF_UP | IFF_RUNNING),
            )
    except OSError:
        pass


def has_only_loopback():
    """Whether this process was started without a network."""
    try:
        return [name for _, name in socket.if_nameindex()] == ["lo"]
    except OSError:
        return False


def die_with_parent(libc, parent):
    """Have the kernel end this child when the interpreter that watches it is gone."""
    if libc is not None and hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(70)


def limit_child(limits):
    """Kernel limits of a child, beside the watching parent."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.get("processes"):
        try:
            resource.setrlimit(resource.RLIMIT_NPROC, (limits["processes"], limits["processes"]))
        except (OSError, ValueError):
            pass
    memory = limits.get("memory_bytes")
    if memory:
        try:
            with open("/proc/self/statm") as lines:
                mapped = int(lines.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
            bound = mapped + memory + ADDRESS_HEADROOM
            if bound <= sys.maxsize:
                resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
        except (OSError, ValueError):
            pass


def widen(descriptor):
    """Let a pipe hold a megabyte, so that writers rarely wait; the usual 64 KiB do where the system
    refuses."""
    try:
        fcntl.fcntl(descriptor, F_SETPIPE_SZ, 1 << 20)
    except OSError:
        pass


def reap_strays():
    """Kill and collect whatever processes the child left behind (they come to us as their
    subreaper)."""
    for _ in range(100):
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        try:
            with open("/proc/self/task/%d/children" % os.getpid()) as lines:
                pids = [int(word) for word in lines.read().split()]
        except (OSError, ValueError):
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.005)
