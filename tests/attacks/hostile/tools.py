"""What every hostile file has at hand. This text and one attack are put into each. `FACTS` says
what stands outside of the cell: where it is, and never what is in it."""

import ctypes
import os
import socket
import struct
import sys
import time

NAME = ""
FACTS = {}
TOLD = []
BEGINNING = b"S3CR"
SECRET_LENGTH = 28
PR_SET_NAME = 15
# On x86-64 and on i386.
NUMBERS = {
    "acct": (163, 51),
    "add_key": (248, 286),
    "bpf": (321, 357),
    "chroot": (161, 61),
    "clone": (56, 120),
    "clone3": (435, 435),
    "delete_module": (176, 129),
    "fanotify_init": (300, 338),
    "fchmodat2": (452, 452),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 128),
    "io_uring_setup": (425, 425),
    "ioperm": (173, 101),
    "ioprio_set": (251, 289),
    "kcmp": (312, 349),
    "kexec_load": (246, 283),
    "keyctl": (250, 288),
    "memfd_create": (319, 356),
    "modify_ldt": (154, 123),
    "mount": (165, 21),
    "mount_setattr": (442, 442),
    "mq_open": (240, 277),
    "name_to_handle_at": (303, 341),
    "open_by_handle_at": (304, 342),
    "open_tree": (428, 428),
    "perf_event_open": (298, 336),
    "personality": (135, 136),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 217),
    "process_vm_readv": (310, 347),
    "process_vm_writev": (311, 348),
    "ptrace": (101, 26),
    "quotactl": (179, 131),
    "reboot": (169, 88),
    "request_key": (249, 287),
    "sethostname": (170, 74),
    "setns": (308, 346),
    "setpriority": (141, 97),
    "setuid": (105, 213),
    "swapon": (167, 87),
    "syslog": (103, 103),
    "umount2": (166, 52),
    "unshare": (272, 310),
    "userfaultfd": (323, 374),
}
IS_32_BIT = ctypes.sizeof(ctypes.c_void_p) == 4

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
libc.prctl(PR_SET_NAME, NAME[:15].encode(), 0, 0, 0)


def call(name, *arguments):
    """A raw system call: what it gives, or its error as a negative number."""
    return call_number(NUMBERS[name][IS_32_BIT], *arguments)


def call_number(number, *arguments):
    whole = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = libc.syscall(ctypes.c_long(number), *whole)
    return -ctypes.get_errno() if result == -1 else result


def tell(text):
    """Remember what was read: the model will predict it, and it is printed."""
    TOLD.append(text)
    print(text, file=sys.stderr, flush=True)


def claim(what):
    """Say that something worked, in a form in which it does not stand in the file."""
    tell(("%s:%s;" % (NAME, what))[::-1])


def claim_if(is_so, what):
    if is_so:
        claim(what)


def spill(data):
    """Tell the secrets in some bytes."""
    data = data.encode("utf-8", "replace") if isinstance(data, str) else bytes(data)
    at = data.find(BEGINNING)
    while at >= 0:
        tell(data[at : at + SECRET_LENGTH].decode("latin-1"))
        at = data.find(BEGINNING, at + 1)


def attempt(step, *arguments):
    """What a step gives, or None where it is refused."""
    try:
        return step(*arguments)
    except Exception:
        return None


def works(step, *arguments):
    """Whether a step is not refused."""
    try:
        step(*arguments)
    except Exception:
        return False
    return True


def own(place):
    """A file outside that is this attack's to spoil."""
    return os.path.join(FACTS[place], "canaries", NAME)


def write(path, text, mode="w"):
    folder = os.path.dirname(path)
    if folder:
        attempt(os.makedirs, folder)
    with open(path, mode) as file:
        file.write(text)


def read(path, count=1 << 20):
    with open(path, "rb") as file:
        return file.read(count)


def others():
    """Every process that can be seen, but this one."""
    found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return sorted(pid for pid in found if pid != os.getpid())


def ancestors():
    found, pid = [], os.getppid()
    while pid > 0:
        found.append(pid)
        stat = attempt(read, "/proc/%d/stat" % pid)
        pid = int(stat.rsplit(b")", 1)[1].split()[1]) if stat else 0
    return found


def targets():
    """Whom to do harm: a process of the same user, and those that this one comes from."""
    found = [FACTS["victim"]] + ancestors()
    # In a place of its own, this may be the number of the victim.
    return [pid for pid in found if pid != os.getpid()]


def payload():
    """A text that shows from outside that somebody has executed it: it writes and it calls."""
    return (
        "import os, socket\n"
        "try:\n    open(%r, 'a').write(%r)\nexcept OSError:\n    pass\n"
        "try:\n    socket.create_connection(('127.0.0.1', %d), 1).sendall(%r)\n"
        "except OSError:\n    pass\n"
    ) % (own("home"), NAME, FACTS["tcp"], NAME.encode())


def detached(step):
    """Do something in a process that nobody waits for."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            try:
                step()
            finally:
                os._exit(0)
        os._exit(0)


def frame(message, raw=b""):
    import json

    text = json.dumps(message).encode() if not isinstance(message, bytes) else message
    return struct.pack("<II", len(text), len(raw)) + text + raw


def shout(data):
    """Write to everything that is open."""
    for descriptor in range(3, 64):
        attempt(os.write, descriptor, data)


class Teller(object):
    """A model that predicts what was told."""

    def __init__(self, inner, text):
        self.classes_ = getattr(inner, "classes_", None)
        self.n_features_in_ = getattr(inner, "n_features_in_", None)
        self.text = text.encode("utf-8", "replace")

    def predict(self, X):
        import numpy

        return numpy.array([float(self.text[i % len(self.text)]) for i in range(len(X))])


def finish(inner, changed):
    """The model that the file gives."""
    model = inner if changed is None else changed
    return Teller(inner, "|".join(TOLD)) if TOLD else model


def attack(function):
    return function


__all__ = [name for name in dir() if not name.startswith("_")] + ["socket", "time"]
