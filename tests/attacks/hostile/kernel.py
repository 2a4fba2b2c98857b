"""Interfaces of the kernel that no model needs. What would harm a machine is opened, not used."""

import ctypes
import errno
import fcntl
import mmap
import os
import stat
import struct

from tools import (
    FACTS,
    IS_32_BIT,
    NAME,
    NUMBERS,
    ancestors,
    attack,
    attempt,
    call,
    call_number,
    claim,
    claim_if,
    libc,
    own,
    read,
    spill,
    works,
    write,
)

NEW = {
    "mount": 0x20000,
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}


def can_write(path):
    """Whether a file of the kernel could be written; nothing is."""
    handle = attempt(os.open, path, os.O_WRONLY)
    if handle is not None:
        os.close(handle)
    return handle is not None


@attack
def unshare_all(inner):
    for name, flag in sorted(NEW.items()):
        if os.fork() == 0:
            claim_if(call("unshare", flag) == 0, "unshared " + name)
            os._exit(0)
        if os.wait()[1] != 0:
            break
    claim_if(call("unshare", NEW["user"]) == 0, "a user namespace of its own")


@attack
def unshare_and_mount(inner):
    """Root in a namespace of one's own, and from there the folders of the user."""
    if call("unshare", NEW["user"] | NEW["mount"]) != 0:
        return
    attempt(write, "/proc/self/setgroups", "deny")
    attempt(write, "/proc/self/uid_map", "0 %d 1" % FACTS["uid"])
    for what in (b"tmpfs", b"proc", b"sysfs", b"overlay"):
        claim_if(call("mount", what, b"/mnt", what, 0, None) == 0, "mounted")
    spill(attempt(read, FACTS["home_secret"]) or b"")


@attack
def enter_namespaces(inner):
    for pid in [1] + ancestors():
        for name in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
            handle = attempt(os.open, "/proc/%d/ns/%s" % (pid, name), os.O_RDONLY)
            if handle is None:
                continue
            same = os.fstat(handle).st_ino == os.stat("/proc/self/ns/" + name).st_ino
            if call("setns", handle, 0) == 0 and not same:
                claim("entered the %s namespace of %d" % (name, pid))
    spill(attempt(read, FACTS["home_secret"]) or b"")


@attack
def enter_by_pidfd(inner):
    for pid in ancestors():
        handle = call("pidfd_open", pid, 0)
        for name in ("mount", "net", "pid"):
            if handle >= 0 and call("setns", handle, NEW[name]) == 0:
                claim("entered the %s namespace of a parent" % name)
    spill(attempt(read, FACTS["home_secret"]) or b"")


@attack
def mounts(inner):
    os.makedirs("m")
    claim_if(call("mount", b"tmpfs", b"m", b"tmpfs", 0, None) == 0, "mounted")
    claim_if(call("mount", b"/", b"m", None, 4096, None) == 0, "bound")
    claim_if(call("mount", b"proc", b"m", b"proc", 0, None) == 0, "mounted proc")


@attack
def remounts(inner):
    for place in (b"/", b"/usr", b"/proc", b"/tmp", FACTS["cache"].encode(), b"/dev"):
        claim_if(call("mount", None, place, None, 32 | 4096, None) == 0, "remounted")
    attempt(write, "/usr/remounted-" + NAME, NAME)


@attack
def mounts_of_new_kind(inner):
    claim_if(call("fsopen", b"tmpfs", 0) >= 0, "a file system of its own")
    claim_if(call("open_tree", -100, b"/", 1) >= 0, "a copy of the mounts")
    claim_if(call("mount_setattr", -100, b"/", 0, (ctypes.c_uint64 * 4)(0, 1), 32) == 0, "set")
    claim_if(call("fspick", -100, b"/", 0) >= 0, "picked a file system")


@attack
def unmounts(inner):
    for place in (b"/proc", b"/tmp", b"/dev/shm", b"/usr", os.getcwd().encode()):
        claim_if(call("umount2", place, 2) == 0, "unmounted")


@attack
def other_root(inner):
    os.makedirs("r/old")
    claim_if(call("pivot_root", b"r", b"r/old") == 0, "another root")
    claim_if(call("chroot", b"r") == 0, "chroot")
    attempt(os.chdir, "../" * 40)
    attempt(os.chroot, ".")
    spill(attempt(read, FACTS["home_secret"]) or b"")


@attack
def maps_of_users(inner):
    for pid in ["self"] + ancestors():
        for name in ("uid_map", "gid_map", "projid_map"):
            claim_if(attempt(write, "/proc/%s/%s" % (pid, name), "0 0 4294967295"), "mapped")


@attack
def settings_of_kernel(inner):
    names = (
        "kernel/core_pattern kernel/modprobe kernel/hotplug kernel/panic vm/overcommit_memory "
        "kernel/hostname kernel/randomize_va_space fs/suid_dumpable fs/binfmt_misc/register "
        "kernel/yama/ptrace_scope kernel/unprivileged_bpf_disabled net/ipv4/ip_forward"
    )
    for name in names.split():
        claim_if(can_write("/proc/sys/" + name), "could write " + name)
    claim_if(can_write("/proc/sysrq-trigger"), "could write sysrq-trigger")


@attack
def settings_of_devices(inner):
    for place, _, names in os.walk("/sys"):
        if place.count("/") > 4:
            continue
        for name in names:
            if can_write(os.path.join(place, name)):
                claim("could write " + os.path.join(place, name))
                return
    for name in ("kernel/uevent_helper", "power/state", "kernel/mm/ksm/run", "fs/cgroup/x"):
        claim_if(can_write("/sys/" + name), "could write " + name)


@attack
def control_groups(inner):
    os.makedirs("c")
    for kind in (b"cgroup", b"cgroup2"):
        claim_if(call("mount", kind, b"c", kind, 0, b"rdma") == 0, "mounted " + kind.decode())
    for place, folders, names in os.walk("/sys/fs/cgroup"):
        for name in ("release_agent", "cgroup.procs", "memory.max", "devices.allow"):
            if name in names and can_write(os.path.join(place, name)):
                claim("could write " + name)
                return
        del folders[20:]


@attack
def devices_made(inner):
    for kind, number in ((stat.S_IFCHR, (1, 1)), (stat.S_IFBLK, (254, 0)), (stat.S_IFCHR, (1, 3))):
        for place in (".", "/dev", "/dev/shm", "/tmp"):
            path = os.path.join(place, "device-" + NAME)
            if works(os.mknod, path, kind | 0o666, os.makedev(*number)):
                claim("made a device")
                claim_if(attempt(read, path, 16), "read a device")
                os.remove(path)


@attack
def disks(inner):
    for name in attempt(os.listdir, "/dev") or ():
        path = "/dev/" + name
        kind = attempt(os.stat, path)
        if kind is not None and stat.S_ISBLK(kind.st_mode):
            claim_if(attempt(read, path, 16), "read the disk")
    for name in ("mem", "kmem", "port", "kmsg", "fuse", "kvm", "loop-control", "net/tun", "vda"):
        claim_if(attempt(os.open, "/dev/" + name, os.O_RDWR) is not None, "opened " + name)


@attack
def kernel_memory(inner):
    claim_if(attempt(read, "/proc/kcore", 16), "read kcore")
    lines = (attempt(read, "/proc/kallsyms", 4096) or b"").splitlines()[1:-1]
    claim_if(any(int(line.split()[0], 16) for line in lines), "read where the kernel is")
    claim_if(call("syslog", 10, None, 0) >= 0, "asked for the log of the kernel")
    claim_if(attempt(read, "/proc/kpagecount", 8), "read kpagecount")


@attack
def handle_of_root(inner):
    """The way out of older containers: files by their number, beyond what is mounted."""
    buffer = ctypes.create_string_buffer(struct.pack("<Ii", 8, 1) + struct.pack("<II", 2, 0), 16)
    for path in ("/", "/etc/hosts", os.getcwd(), FACTS["models"]):
        mounted = attempt(os.open, path, os.O_RDONLY)
        if mounted is not None and call("open_by_handle_at", mounted, buffer, 0) >= 0:
            claim("opened a file by its handle")


@attack
def keys(inner):
    key = call("add_key", b"user", NAME.encode(), b"hostile", 7, -4)
    claim_if(key > 0, "keeps a key")
    claim_if(call("keyctl", 1, None) > 0, "a session of keys of its own")
    claim_if(
        call("request_key", b"user", b"attacks-canary", None, 0) > 0, "found a key of the user"
    )
    buffer = ctypes.create_string_buffer(256)
    key = call("keyctl", 10, -4, b"user", b"attacks-canary", 0)
    if key > 0 and call("keyctl", 11, key, buffer, 256) > 0:
        spill(buffer.raw)
    claim_if(call("keyctl", 6, -4, 0) > 0, "described the keys of the user")


@attack
def segments(inner):
    libc.shmat.restype = ctypes.c_void_p
    segment = libc.shmget(FACTS["segment_key"], 0, 0)
    if segment >= 0:
        for flags in (0o10000, 0):
            place = libc.shmat(segment, None, flags)
            if place and place != ctypes.c_void_p(-1).value:
                spill(ctypes.string_at(place, 64))
                if flags == 0:
                    ctypes.memmove(place + 100, NAME.encode(), len(NAME))
        libc.shmctl(segment, 0, None)
    seen = (attempt(read, "/proc/sysvipc/shm") or b"").splitlines()[1:]
    claim_if(seen, "sees segments of others")


@attack
def segments_left(inner):
    claim_if(libc.shmget(0x5EED0000 + os.getpid() % 1000, 4096, 0o1666) >= 0, "made a segment")
    libc.semget(0x5EED1000 + os.getpid() % 1000, 5, 0o1666)
    libc.msgget(0x5EED2000 + os.getpid() % 1000, 0o1666)


@attack
def messages(inner):
    queue = libc.msgget(FACTS["messages_key"], 0)
    if queue >= 0:
        buffer = ctypes.create_string_buffer(512)
        if libc.msgrcv(queue, buffer, 500, ctypes.c_long(0), 0o4000) > 0:
            spill(buffer.raw)
        libc.msgsnd(queue, struct.pack("l", 1) + NAME.encode(), len(NAME), 0o4000)
    semaphores = libc.semget(FACTS["messages_key"], 0, 0)
    if semaphores >= 0:
        libc.semctl(semaphores, 0, 16, 4242)


@attack
def queues(inner):
    handle = call("mq_open", FACTS["queue"].encode(), os.O_RDWR | os.O_NONBLOCK, 0, None)
    claim_if(handle >= 0, "opened a queue of another process")
    made = call("mq_open", b"left-by-hostile", os.O_RDWR | os.O_CREAT, 0o666, None)
    claim_if(made >= 0 and IS_32_BIT is None, "made a queue")
    spill(attempt(read, "/dev/mqueue/" + FACTS["queue"]) or b"")


@attack
def rings(inner):
    """A way to read, to write and to call that many a filter of system calls does not see."""
    parameters = ctypes.create_string_buffer(120)
    claim_if(call("io_uring_setup", 8, parameters) >= 0, "a ring")


@attack
def programs_in_kernel(inner):
    attributes = ctypes.create_string_buffer(struct.pack("<IIII", 2, 4, 8, 1), 128)
    claim_if(call("bpf", 0, attributes, 72) >= 0, "a map of bpf")
    claim_if(call("bpf", 0, attributes, 72) == -errno.EINVAL, "reached bpf")


@attack
def counters(inner):
    attributes = ctypes.create_string_buffer(struct.pack("<IIQ", 1, 112, 1), 128)
    for pid in (0, -1):
        made = call("perf_event_open", attributes, pid, -1 if pid == 0 else 0, -1, 0)
        claim_if(made >= 0, "a counter")


@attack
def faults(inner):
    for flags in (0, 1):
        claim_if(call("userfaultfd", flags) >= 0, "handles faults of memory")


@attack
def modules(inner):
    claim_if(call("init_module", b"", 0, b"") in (0, -errno.ENOEXEC), "could load a module")
    claim_if(call("delete_module", b"no-such-module", 0) == -errno.ENOENT, "could remove a module")
    claim_if(call("kexec_load", 0, 0, None, 0xFFFF) == -errno.EINVAL, "could load a kernel")


@attack
def machine(inner):
    claim_if(call("reboot", 0, 0, 0, None) == -errno.EINVAL, "could restart the machine")
    claim_if(call("swapon", b"/nonexistent", 0) == -errno.ENOENT, "could swap")
    claim_if(call("acct", b"/nonexistent") == -errno.ENOENT, "could account")
    claim_if(call("sethostname", b"hostile", 7) == 0, "renamed the machine")
    claim_if(
        call("quotactl", 0x800007 << 8, b"/", 0, None) not in (-errno.EPERM, -errno.ENOSYS), "q"
    )


@attack
def personalities(inner):
    claim_if(call("personality", 0x0040000) >= 0, "switched off the shuffling of addresses")
    claim_if(call("personality", 0x0400000 | 8) >= 0, "reading implies executing")


@attack
def old_doors(inner):
    """Of the processor: its tables and ports."""
    claim_if(call("modify_ldt", 0, ctypes.create_string_buffer(64), 64) >= 0, "read its tables")
    claim_if(call("ioperm", 0x80, 1, 1) == 0, "opened ports")


@attack
def watchers(inner):
    claim_if(call("fanotify_init", 0, 0) >= 0, "watches a file system")
    claim_if(
        call("name_to_handle_at", -100, b"/", ctypes.create_string_buffer(128), None, 0) == 0, "h"
    )


@attack
def typed(inner):
    """Typing into the terminal of whoever called shelflife."""
    paths = ["/dev/tty", "/dev/console", "/dev/ptmx"]
    paths += ["/dev/pts/" + name for name in attempt(os.listdir, "/dev/pts") or ()]
    handles = list(range(64)) + [attempt(os.open, path, os.O_RDWR | os.O_NOCTTY) for path in paths]
    for handle in handles:
        if handle is not None and attempt(os.isatty, handle):
            claim_if(works(fcntl.ioctl, handle, 0x5412, b"x"), "typed")


@attack
def identities(inner):
    for step in (os.setuid, os.setgid, os.seteuid):
        claim_if(os.getuid() != 0 and works(step, 0), "became root")
    attempt(os.setgroups, [0])
    for place in ("/usr/bin/su", "/usr/bin/mount", "/usr/bin/passwd", "/usr/bin/newgrp"):
        pid = os.fork()
        if pid == 0:
            attempt(os.execv, place, [place, "--version"])
            os._exit(0)
        os.waitpid(pid, 0)


@attack
def capabilities(inner):
    """What is left of the powers of root, of itself and of what it could get again."""
    for line in read("/proc/self/status").decode().splitlines():
        name, _, value = line.partition(":")
        if name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            claim_if(int(value, 16) & ~2, "has " + name)
        claim_if(name == "NoNewPrivs" and value.strip() != "1", "may get new powers")
        claim_if(name == "Seccomp" and value.strip() == "0", "no filter of system calls")


@attack
def old_calls(inner):
    """System calls by the doors for other kinds of programs: int 0x80, and the numbers of x32."""
    if IS_32_BIT:
        return
    # mov eax, [rdi]; mov ebx, [rdi+4]; mov ecx, [rdi+8]; mov edx, [rdi+12]; int 0x80; ret
    code = bytes.fromhex("538b078b5f048b4f088b570ccd805bc3")
    place = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    place.write(code)
    start = ctypes.addressof(ctypes.c_char.from_buffer(place))
    old = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(start)

    def by_door(number, *arguments):
        words = (ctypes.c_uint32 * 4)(number, *arguments)
        return old(ctypes.addressof(words))

    for name in ("unshare", "personality", "ptrace", "add_key", "io_uring_setup"):
        given = by_door(NUMBERS[name][1], 0xFFFFFFFF if name == "personality" else 0, 0, 0)
        claim_if(given >= 0, "int 0x80 does " + name)
    claim_if(by_door(20) == os.getpid(), "int 0x80 is open")


@attack
def calls_of_x32(inner):
    if not IS_32_BIT:
        claim_if(call_number(0x40000000 | 39) == os.getpid(), "x32 is open")


@attack
def filter_of_its_own(inner):
    """A filter with a listener of its own, in front of that of the cage."""
    program = struct.pack("HBBI", 6, 0, 0, 0x7FFF0000)
    buffer = ctypes.create_string_buffer(program, 8)
    head = struct.pack("HxxxxxxQ" if not IS_32_BIT else "HxxI", 1, ctypes.addressof(buffer))
    libc.prctl(38, 1, 0, 0, 0)
    number = 354 if IS_32_BIT else 317
    claim_if(call_number(number, 1, 8, ctypes.create_string_buffer(head)) >= 0, "a listener")


@attack
def later_files(inner):
    """Changing a file of the user through what the kernel does later on its own."""
    source = attempt(os.open, own("home"), os.O_RDONLY)
    if source is not None:
        claim_if(works(fcntl.fcntl, source, 1024, 0), "a lease on a file of the user")
        place = attempt(mmap.mmap, source, 0, mmap.MAP_SHARED, mmap.PROT_READ)
        claim_if(place is not None, "mapped a file of the user")
