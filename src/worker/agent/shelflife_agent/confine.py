"""What an artifact may touch of this machine."""

import ctypes
import os
import pwd
import sys

PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
# Of root's powers a cell keeps one, linux/capability.h: reading what belongs to others. Which files
# is said below.
CAP_DAC_OVERRIDE = 1
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
SCOPE_SIGNAL = 2
SYSTEM = (
    "/bin",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/proc",
    "/sbin",
    "/sys",
    "/usr",
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


def program_folders():
    """The folders of `PATH`, each with its parent where that is an installation of its own: a Java
    beside its `bin`."""
    try:
        home = os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        home = ""
    found = set()
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        folder = os.path.realpath(entry)
        if not os.path.isabs(entry) or not os.path.isdir(folder):
            continue
        found.add(folder)
        parent = os.path.dirname(folder)
        shared = parent in ("/", os.path.join(home, ".local")) or (home + "/").startswith(
            parent + "/"
        )
        if os.path.basename(folder) == "bin" and not shared:
            found.add(parent)
    return found


def readable_paths(objects):
    """What a cell may read: the system, the interpreter, its packages and the artifacts."""
    readable = set(SYSTEM) | {
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        sys.base_exec_prefix,
        objects,
    }
    readable.update(entry for entry in sys.path if os.path.isabs(entry))
    readable.update(module_folders(), program_folders())
    # The interpreter itself may be a link out of its prefix.
    readable.add(os.path.dirname(os.path.realpath(sys.executable)))
    return readable


def writable_paths(scratch):
    """What a cell may write as well: its scratch folder, and devices that keep nothing."""
    devices = [
        os.path.join("/dev", name) for name in os.listdir("/dev") if name.startswith("nvidia")
    ]
    return set(DEVICES) | set(devices) | {scratch}


def restrict_files(libc, scratch, objects):
    """A Landlock ruleset as a descriptor: reading of the system, the interpreter, its packages and
    the artifacts, writing of the scratch folder, no signals to others. None where the kernel has no
    Landlock (before Linux 5.13)."""
    if libc is None or not hasattr(libc, "syscall"):
        return None
    version = libc.syscall(
        LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_CREATE_RULESET_VERSION
    )
    if version < 1:
        return None
    known = (1 << KNOWN_RIGHTS.get(version, ALL_RIGHTS)) - 1
    wanted = Ruleset(known, 0, SCOPE_SIGNAL if version >= SCOPES_SINCE else 0)
    # An older kernel takes a shorter structure only.
    size = ctypes.sizeof(Ruleset) if version >= SCOPES_SINCE else 8
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return None
    os.set_inheritable(ruleset, False)
    rules = [(path, READING) for path in readable_paths(objects)]
    rules.extend((path, ANYTHING) for path in writable_paths(scratch))
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


def drop_capabilities(libc):
    """Give up what root may and others may not: it reaches around Landlock, to the variables of
    other processes."""
    if os.geteuid() != 0 or not hasattr(libc, "capset"):
        return
    for capability in range(LAST_CAPABILITY + 1):
        if capability != CAP_DAC_OVERRIDE:
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    kept = 1 << CAP_DAC_OVERRIDE
    # Effective, permitted and inheritable, 32 bits each, then the upper halves.
    sets = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
    libc.capset(ctypes.byref(CapabilityHeader(CAPABILITY_VERSION_3, 0)), ctypes.byref(sets))


def confine(libc, ruleset):
    """Bind this process and whatever it starts to a ruleset, for ever."""
    drop_capabilities(libc)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses to confine the cell")
    os.close(ruleset)
