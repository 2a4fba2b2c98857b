"""Filters of system calls: compiled by the orchestrator, applied here by a cell to itself.

The kernel answers what a filter refuses. Where it can ask somebody instead, it asks the process
that has started the cell, which writes down what was tried and says no.
"""

import array
import ctypes
import fcntl
import os
import platform
import select
import socket
import struct
import sys

from .facts import cut

# linux/prctl.h and linux/seccomp.h.
PR_SET_SECCOMP = 22
MODE_FILTER = 2
SET_MODE_FILTER = 1
NEW_LISTENER = 1 << 3
SYSCALL = {"x86_64": 317, "i386": 354, "aarch64": 277}
NOTIF_RECV = 0xC0502100
NOTIF_SEND = 0xC0182101
# id, pid, flags; number, machine, instruction, six arguments.
QUESTION = struct.Struct("=QII iIQ 6Q")
ANSWER = struct.Struct("=QqiI")
GO_ON = 1
EPERM = 1
AT_FDCWD = 0xFFFFFF9C
PATH_MAX = 4096
# Where a call that changes files has its paths: the folder's descriptor, where it takes one, and
# the text.
PATH_ARGUMENTS = {
    "openat": (0, 1),
    "openat2": (0, 1),
    "unlinkat": (0, 1),
    "mkdirat": (0, 1),
    "mknodat": (0, 1),
    "renameat": (2, 3),
    "renameat2": (2, 3),
    "linkat": (2, 3),
    "symlinkat": (1, 2),
    "fchmodat": (0, 1),
    "fchmodat2": (0, 1),
    "fchownat": (0, 1),
    "utimensat": (0, 1),
    "utimensat_time64": (0, 1),
    "futimesat": (0, 1),
    "setxattrat": (0, 1),
    "removexattrat": (0, 1),
    "rename": (None, 1),
    "link": (None, 1),
    "symlink": (None, 1),
}
MOST_ATTEMPTS = 64
MOST_TEXT = 200


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def machine():
    """The name under which the orchestrator knows the system calls of this interpreter."""
    name = platform.machine()
    if name in ("x86_64", "AMD64") or (name.startswith("i") and name.endswith("86")):
        return "x86_64" if sys.maxsize > 1 << 32 else "i386"
    return name if name == "aarch64" and sys.maxsize > 1 << 32 else None


class Filters(object):
    """The filters of this interpreter's machine."""

    def __init__(self, compiled):
        self.own_kill = bytes(bytearray.fromhex(compiled["own_kill"]))
        self.absent = bytes(bytearray.fromhex(compiled["absent"]))
        self.refuse = bytes(bytearray.fromhex(compiled["refuse"]))
        self.ask = bytes(bytearray.fromhex(compiled["ask"]))
        self.calls = {int(number): tuple(call) for number, call in compiled["calls"].items()}
        self.number = SYSCALL[machine()]

    def apply(self, libc, reporter=None):
        """Bind this process to the filters, for ever. With a reporter (a socket) the kernel asks
        whoever gets the listener. Gives whether anybody is asked; None where there are no
        filters."""
        for text in (self.own_kill, self.absent):
            if load(libc, text) is None:
                return None
        if reporter is not None:
            listener = load_asking(libc, self.number, self.ask)
            if listener is not None:
                send_descriptor(reporter, listener)
                os.close(listener)
                return True
        return None if load(libc, self.refuse) is None else False


def program_of(text):
    steps = ctypes.create_string_buffer(text, len(text))
    return Program(len(text) // 8, ctypes.addressof(steps)), steps


def load(libc, text):
    program, _steps = program_of(text)
    done = libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0)
    return True if done == 0 else None


def load_asking(libc, number, text):
    """The listener of a filter that asks, or None before Linux 5.0."""
    program, _steps = program_of(text)
    listener = libc.syscall(number, SET_MODE_FILTER, NEW_LISTENER, ctypes.byref(program))
    return listener if listener >= 0 else None


def send_descriptor(connection, descriptor):
    rights = array.array("i", [descriptor])
    connection.sendmsg([b"l"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def take_descriptor(connection):
    """The descriptor that was sent, or None where the other end has closed without one."""
    held = array.array("i")
    try:
        _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(held.itemsize))
    except OSError:
        return None
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            held.frombytes(data[: held.itemsize])
    return held[0] if held else None


class Listener(object):
    """Answers the kernel's questions about one cell, and tells each new attempt once."""

    def __init__(self, descriptor, calls, own_folders, tell):
        self.descriptor = descriptor
        self.calls = calls
        self.own_folders = own_folders
        self.tell = tell
        self.told = set()
        self.poll = select.poll()
        self.poll.register(descriptor, select.POLLIN)

    def serve(self, seconds):
        """Answer what is asked within a time; False when nobody is left who could ask."""
        for _, event in self.poll.poll(seconds * 1000):
            if event & select.POLLIN:
                self.answer()
            elif event & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                return False
        return True

    def answer(self):
        question = bytearray(QUESTION.size)
        try:
            fcntl.ioctl(self.descriptor, NOTIF_RECV, question, True)
        except OSError:
            # Whoever has asked is gone, or a signal came first.
            return
        fields = QUESTION.unpack(bytes(question))
        identity, pid, number, arguments = fields[0], fields[1], fields[3], fields[6:]
        name, kind = self.calls.get(number, ("call %d" % number, "kernel"))
        if name in ("open", "openat", "creat") or kind == "path":
            # The mounts decide; this is only looked at.
            self.note_path(name, pid, arguments)
            reply = ANSWER.pack(identity, 0, 0, GO_ON)
        else:
            self.note(kind, name)
            reply = ANSWER.pack(identity, 0, -EPERM, 0)
        try:
            fcntl.ioctl(self.descriptor, NOTIF_SEND, bytearray(reply), True)
        except OSError:
            pass

    def note_path(self, name, pid, arguments):
        place, text = PATH_ARGUMENTS.get(name, (None, 0))
        path = read_text(pid, arguments[text])
        if path is None:
            return
        if not path.startswith(b"/"):
            where = "cwd"
            if place is not None and arguments[place] & 0xFFFFFFFF != AT_FDCWD:
                where = "fd/%d" % (arguments[place] & 0x7FFFFFFF)
            try:
                path = os.path.join(os.readlink(b"/proc/%d/%s" % (pid, where.encode())), path)
            except OSError:
                return
        path = os.path.normpath(path)
        # Where an import keeps what it has compiled, if it may; programs try that without being
        # asked.
        if b"/__pycache__/" in path:
            return
        # Whoever makes a folder with all above it asks for those that are there as well.
        if name.startswith("mkdir") and os.path.isdir(path):
            return
        if not any(path == own or path.startswith(own + b"/") for own in self.own_folders):
            self.note("write", path.decode("utf-8", "backslashreplace"))

    def note(self, kind, detail):
        attempt = (kind, cut(detail, MOST_TEXT))
        if attempt not in self.told and len(self.told) < MOST_ATTEMPTS:
            self.told.add(attempt)
            self.tell(attempt)


def read_text(pid, address):
    """The text at an address of a process, as far as it can be read."""
    text = b""
    try:
        with open("/proc/%d/mem" % pid, "rb", 0) as memory:
            memory.seek(address)
            while b"\0" not in text and len(text) < PATH_MAX:
                # Up to the end of a page: the next one may not be there.
                part = memory.read(4096 - (address + len(text)) % 4096)
                if not part:
                    break
                text += part
    except (OSError, ValueError, OverflowError):
        if not text:
            return None
    return text.split(b"\0", 1)[0]
