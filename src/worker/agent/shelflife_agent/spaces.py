"""Namespaces and mounts: the view that a cell has of this machine."""

import ctypes
import os
import re

# linux/sched.h.
NEW_FILES = 0x00020000
NEW_NAMES = 0x04000000
NEW_SHARED_MEMORY = 0x08000000
NEW_USERS = 0x10000000
NEW_PROCESSES = 0x20000000
NEW_NETWORK = 0x40000000
# sys/mount.h.
READ_ONLY, NO_SETUID, NO_DEVICES, NO_PROGRAMS = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
DETACH = 2
KEPT_FLAGS = {
    "ro": READ_ONLY,
    "nosuid": NO_SETUID,
    "nodev": NO_DEVICES,
    "noexec": NO_PROGRAMS,
    "noatime": 0x400,
    "nodiratime": 0x800,
    "relatime": 0x200000,
}
PROCESS_LIMIT = "/proc/sys/kernel/pid_max"
# The limit belongs to a namespace since this release of Linux; to the whole machine before.
PROCESS_LIMIT_SINCE = (6, 14)
TEMPORARY = "/tmp"


def check(libc, what, done):
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def unshare(libc, flags):
    check(libc, "unshare", libc.unshare(flags))


def mount(libc, source, target, kind=None, flags=0, data=None):
    done = libc.mount(
        os.fsencode(source) if source else None,
        os.fsencode(target),
        kind.encode("ascii") if kind else None,
        ctypes.c_ulong(flags),
        data.encode("ascii") if data else None,
    )
    check(libc, "mount %s" % target, done)


def bind(libc, source, target, read_only=False):
    mount(libc, source, target, None, BIND | RECURSIVE)
    if read_only:
        seal(libc, target, 0)


def seal(libc, target, kept):
    flags = REMOUNT | BIND | READ_ONLY | NO_SETUID | kept
    mount(libc, None, target, None, flags)


def own_users(libc):
    """A namespace of users in which this process has all powers, and others that come with it: for
    an interpreter that no cage surrounds."""
    user, group = os.geteuid(), os.getegid()
    unshare(libc, NEW_USERS | NEW_FILES | NEW_SHARED_MEMORY | NEW_NAMES)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", "%d %d 1" % (user, user)),
        ("gid_map", "%d %d 1" % (group, group)),
    ):
        with open("/proc/self/" + name, "w") as target:
            target.write(text)


def mounts():
    """Mount points with the flags that must not get lost, in the order in which they were made, but
    for those that others cover: no path leads there."""
    found = []
    with open("/proc/self/mountinfo") as lines:
        for line in lines:
            words = line.split(" ")
            flags = 0
            for word in words[5].split(","):
                flags |= KEPT_FLAGS.get(word, 0)
            path = words[4].encode("latin-1").decode("unicode_escape")
            if shown_at(path) in (None, int(words[0])):
                found.append((path, flags))
    return found


def shown_at(path):
    """The id of the mount that a path leads to; nothing where the kernel does not say."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with open("/proc/self/fdinfo/%d" % descriptor) as lines:
            told = [line.split()[1] for line in lines if line.startswith("mnt_id:")]
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return int(told[0]) if told else None


def hide(libc, path):
    """Show a mount no more. Those that came with the view of whoever made this process cannot be
    taken away, but covered."""
    if libc.umount2(os.fsencode(path), DETACH) == 0:
        return
    if os.path.isdir(path):
        flags = READ_ONLY | NO_SETUID | NO_DEVICES
        mount(libc, "hidden", path, "tmpfs", flags, "size=4k,mode=555")
    else:
        mount(libc, "/dev/null", path, None, BIND)


class View(object):
    """What a cell sees: built by the first process of its namespaces, before it forks the cell."""

    def __init__(self, request):
        # A folder to put things together, the folder to write to, and that of all artifacts.
        self.stage = request["stage"]
        self.scratch = request["scratch"]
        self.objects = request["objects"]
        # Folders that the interpreter may write to, and its cells may not.
        self.protected = request["protected"]
        # Whether a cage stands around the interpreter: then there is nothing to see but what it
        # shows.
        self.caged = request["caged"]
        self.most_processes = request["most_processes"]
        # Below /proc: what root could read there of the machine's memory and of what others do.
        self.hidden = request["hidden"]

    def build(self, libc, room, files, outboxes):
        """The view of one batch: `room` bytes to write to, `files` below the folder of artifacts,
        and folders of its scratch whose content stays."""
        unshare(libc, NEW_FILES | NEW_SHARED_MEMORY)
        mount(libc, None, "/", None, RECURSIVE | PRIVATE)
        stage = self.stage
        private = NO_SETUID | NO_DEVICES
        mount(libc, "cell", stage, "tmpfs", private, "size=%d,nr_inodes=100k,mode=700" % room)
        cell, shown = stage + "/cell", stage + "/objects"
        # The working folder lies below the mount, so that a cell can remove it.
        for folder in (cell, cell + "/work", shown, stage + "/tmp", stage + "/shm"):
            os.mkdir(folder, 0o700)
        for path in files:
            self.show(libc, path, shown)
        for path in outboxes:
            inner = os.path.join(cell, os.path.relpath(path, self.scratch))
            os.makedirs(inner, 0o700)
            bind(libc, path, inner)
        if self.caged:
            self.temporary(libc)
        else:
            self.seal_all(libc)
        for path in self.protected:
            bind(libc, path, path, read_only=True)
        bind(libc, shown, self.objects)
        seal(libc, self.objects, private)
        bind(libc, stage + "/shm", "/dev/shm")
        self.own_processes(libc)
        # Last: what was put together lies there as well.
        bind(libc, cell, self.scratch)

    def temporary(self, libc):
        """A folder for temporary files of its own, with what the cage shows below it."""
        inner = self.stage + "/tmp"
        shown = [path for path, _ in mounts() if path.startswith(TEMPORARY + "/")]
        for path in shown:
            # What stands below another one comes along with it.
            if any(path.startswith(other + "/") for other in shown):
                continue
            place = inner + path[len(TEMPORARY) :]
            if os.path.isdir(path):
                os.makedirs(place, 0o700)
            else:
                os.makedirs(os.path.dirname(place), 0o700)
                with open(place, "wb"):
                    pass
            bind(libc, path, place)
        bind(libc, inner, TEMPORARY)

    def show(self, libc, path, shown):
        place = os.path.join(shown, os.path.relpath(path, self.objects))
        if os.path.exists(place):
            return
        folder = os.path.dirname(place)
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o700)
        with open(place, "wb"):
            pass
        mount(libc, path, place, None, BIND)
        seal(libc, place, NO_DEVICES)

    def seal_all(self, libc):
        """Make everything read-only that stands: for a view that no cage has made."""
        for path, flags in mounts():
            if path == self.stage or path.startswith(self.stage + "/"):
                continue
            try:
                seal(libc, path, flags)
            except OSError:
                # What cannot be protected is not shown. The root itself has to be.
                if path == "/":
                    raise
                hide(libc, path)

    def own_processes(self, libc):
        flags = NO_SETUID | NO_DEVICES | NO_PROGRAMS
        mount(libc, "proc", "/proc", "proc", flags)
        for name in self.hidden:
            if os.path.exists("/proc/" + name):
                mount(libc, "/dev/null", "/proc/" + name, None, BIND)
        if kernel_release() < PROCESS_LIMIT_SINCE:
            return
        try:
            with open(PROCESS_LIMIT, "w") as target:
                target.write("%d" % self.most_processes)
        except (OSError, ValueError):
            # Processes are counted from outside as well.
            pass


def kernel_release():
    """The first two numbers of the kernel's release."""
    numbers = re.findall("[0-9]+", os.uname()[2])[:2]
    return tuple(int(number) for number in numbers)


def hide_controls(libc):
    """Nothing below /proc can be written from now on; what is open stays open."""
    flags = NO_SETUID | NO_DEVICES | NO_PROGRAMS
    mount(libc, "/proc", "/proc", None, BIND | RECURSIVE)
    seal(libc, "/proc", flags & ~NO_SETUID)
