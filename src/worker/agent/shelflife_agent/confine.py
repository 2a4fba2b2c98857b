"""The second wall: rules of the kernel for the files of one process, and no powers."""

import ctypes
import os
import sys

PR_CAPBSET_DROP = 24
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
PR_SET_NO_NEW_PRIVS = 38
LAST_CAPABILITY = 63
CAPABILITY_VERSION_3 = 0x20080522
# Landlock's system calls have these numbers on every architecture that scikit-learn runs on.
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1
# Rights on files: linux/landlock.h.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
READING = EXECUTE | READ_FILE | READ_DIR
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
# How many rights a version knows; the last one stands for all later versions.
KNOWN_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
ALL_RIGHTS = 16
ANYTHING = (1 << ALL_RIGHTS) - 1
SCOPES_SINCE = 6
# No sockets without a path and no signals that lead out.
SCOPES = 3
SYSTEM = (
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/proc",
    "/sbin",
    "/sys/devices/system",
    "/usr",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/group",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
)
# Semaphores and shared arrays of worker processes live in /dev/shm; the others keep nothing.
DEVICES = (
    "/dev/shm",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/dri",
    "/dev/kfd",
)


class Ruleset(ctypes.Structure):
    _fields_ = [
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def module_folders():
    """Where the packages that are imported by now came from: editable installations lie outside of
    `sys.path`."""
    found = set()
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str):
            continue
        place = os.path.abspath(path)
        # The top of the package: one step up for each dot, one more from a package's `__init__.py`.
        steps = name.count(".") + (1 if os.path.basename(place).startswith("__init__.") else 0)
        for _ in range(steps):
            place = os.path.dirname(place)
        found.add(place)
    return found


def program_folders(homes):
    """The folders of `PATH` outside of homes. The orchestrator says which folders are homes: who
    has entered a namespace of users is nobody, and has none."""
    found = set()
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        folder = os.path.realpath(entry)
        if os.path.isabs(entry) and os.path.isdir(folder) and not is_within(folder, homes):
            found.add(folder)
    return found


def is_within(path, folders):
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def readable_paths(homes):
    """What a cell may read where no cage says it: the system, the interpreter and its packages."""
    readable = set(SYSTEM) | {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    readable.update(entry for entry in sys.path if os.path.isabs(entry))
    # An installation of Java keeps its settings there, and does not start without.
    readable.update("/etc/" + name for name in os.listdir("/etc") if name.startswith("java"))
    readable.update(module_folders(), program_folders(homes))
    # The interpreter itself may be a link out of its prefix.
    readable.add(os.path.dirname(os.path.realpath(sys.executable)))
    # A whole home is never meant.
    return {path for path in readable if not any(is_within(home, [path]) for home in homes)}


def device_paths():
    devices = [
        os.path.join("/dev", name) for name in os.listdir("/dev") if name.startswith("nvidia")
    ]
    return set(DEVICES) | set(devices)


def landlock_version(libc):
    """The version of Landlock, 0 where the kernel has none (before Linux 5.13)."""
    if not hasattr(libc, "syscall"):
        return 0
    version = libc.syscall(
        LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_CREATE_RULESET_VERSION
    )
    return max(version, 0)


def restrict_files(libc, version, readable, writable):
    """A Landlock ruleset as a descriptor: reading of some paths, writing of others and of devices
    that keep nothing, no signals to others. None where the kernel refuses one."""
    known = (1 << KNOWN_RIGHTS.get(version, ALL_RIGHTS)) - 1
    wanted = Ruleset(known, 0, SCOPES if version >= SCOPES_SINCE else 0)
    # An older kernel takes a shorter structure only.
    size = ctypes.sizeof(Ruleset) if version >= SCOPES_SINCE else 8
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return None
    os.set_inheritable(ruleset, False)
    rules = [(path, READING) for path in readable]
    rules.extend((path, ANYTHING) for path in set(writable) | device_paths())
    for path, rights in sorted(rules):
        if not allow(libc, ruleset, path, rights & known):
            os.close(ruleset)
            return None
    return ruleset


def allow(libc, ruleset, path, rights):
    """Add one rule; what is not there needs none."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):
        return True
    try:
        if not os.path.isdir(path):
            rights &= OF_A_FILE
        rule = PathBeneath(rights, descriptor)
        added = libc.syscall(
            LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, ctypes.byref(rule), 0
        )
        return added == 0
    finally:
        os.close(descriptor)


def drop_powers(libc):
    """Give up what root may and others may not, and every way to get it back."""
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    # Effective, permitted and inheritable, 32 bits each, then the upper halves.
    sets = (ctypes.c_uint32 * 6)(0, 0, 0, 0, 0, 0)
    libc.capset(ctypes.byref(CapabilityHeader(CAPABILITY_VERSION_3, 0)), ctypes.byref(sets))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def enter(libc, ruleset):
    """Bind this process and whatever it starts to a ruleset, for ever."""
    if libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses to confine the cell")
    os.close(ruleset)
