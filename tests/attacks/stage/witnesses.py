"""What stands around cells and must stay as it is: files, listeners, kernel objects, a process."""

import ctypes
import json
import os
import resource
import secrets
import socket
import stat
import subprocess
import sys
import threading

from inside import number_inside

KEY_OF_SEGMENT, KEY_OF_MESSAGES = 0x5EED4242, 0x5EED4243
QUEUE = "attacks-canary"
XATTR = ("user.canary", b"untouched")
OWN_DESCRIPTORS = (42, 43, 44)
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p


def new_secret():
    return "S3CR" + secrets.token_hex(12)


class Listeners(object):
    """Everything that somebody could call; `heard` is what was said to them, with the place."""

    def __init__(self, folder):
        self.heard = []
        self.tcp = self.serve(socket.socket(), ("127.0.0.1", 0), "tcp")
        self.udp = self.serve(socket.socket(type=socket.SOCK_DGRAM), ("127.0.0.1", 0), "udp")
        self.unix = os.path.join(folder, "listener")
        self.serve(socket.socket(socket.AF_UNIX), self.unix, "unix socket")
        self.datagram = os.path.join(folder, "datagrams")
        self.serve(
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), self.datagram, "unix datagram socket"
        )
        self.abstract = "attacks-" + secrets.token_hex(4)
        self.serve(socket.socket(socket.AF_UNIX), "\0" + self.abstract, "abstract socket")
        self.fifo = os.path.join(folder, "fifo")
        os.mkfifo(self.fifo)
        # Open for writing too, so that it never ends.
        self.watch(os.open(self.fifo, os.O_RDWR), "named pipe")
        for path in (self.unix, self.datagram, self.fifo):
            os.chmod(path, 0o777)

    def serve(self, made, address, name):
        made.bind(address)
        if made.type == socket.SOCK_STREAM:
            made.listen(64)
            self.start(self.accept, made, name)
        else:
            self.watch(made.fileno(), name)
            self.kept = getattr(self, "kept", []) + [made]
        return made.getsockname()[1] if made.family == socket.AF_INET else None

    def start(self, step, *arguments):
        threading.Thread(target=step, args=arguments, daemon=True).start()

    def watch(self, descriptor, name):
        self.start(self.read, descriptor, name)

    def read(self, descriptor, name):
        while True:
            self.heard.append((name, os.read(descriptor, 65536)))

    def accept(self, made, name):
        while True:
            connection = made.accept()[0]
            connection.settimeout(2)
            try:
                data = connection.recv(65536)
            except OSError:
                data = b""
            self.heard.append((name, data))
            connection.close()


class KernelObjects(object):
    """A System V segment, semaphores and messages, and a POSIX queue."""

    def __init__(self, uid):
        self.secrets = {"segment": new_secret(), "message": new_secret()}
        self.segment = libc.shmget(KEY_OF_SEGMENT, 4096, 0o1600)
        self.place = libc.shmat(self.segment, None, 0)
        ctypes.memmove(self.place, self.secrets["segment"].encode(), 28)
        self.queue = libc.msgget(KEY_OF_MESSAGES, 0o1600)
        message = ctypes.create_string_buffer(
            (1).to_bytes(8, "little") + self.secrets["message"].encode()
        )
        libc.msgsnd(self.queue, message, 28, 0)
        self.semaphores = libc.semget(KEY_OF_MESSAGES, 1, 0o1600)
        with open("/dev/mqueue/" + QUEUE, "w"):
            pass
        self.give_to(uid)
        self.before = self.look()

    def give_to(self, uid):
        """Objects belong to whoever runs shelflife; the structures begin with key, uid and gid."""
        os.chown("/dev/mqueue/" + QUEUE, uid, uid)
        for control, number, extra in (
            (libc.shmctl, self.segment, ()),
            (libc.msgctl, self.queue, ()),
            (libc.semctl, self.semaphores, (0,)),
        ):
            data = ctypes.create_string_buffer(256)
            control(number, *(extra + (2, data)))
            ctypes.memmove(ctypes.addressof(data) + 4, uid.to_bytes(4, "little") * 2, 8)
            control(number, *(extra + (1, data)))

    def remove_all(self):
        """These, and what others have left."""
        libc.shmdt(ctypes.c_void_p(self.place))
        for kind, remove in (
            ("shm", lambda number: libc.shmctl(number, 0, None)),
            ("msg", lambda number: libc.msgctl(number, 0, None)),
            ("sem", lambda number: libc.semctl(number, 0, 0)),
        ):
            for number in numbers(kind):
                remove(number)
        for name in os.listdir("/dev/mqueue"):
            os.remove("/dev/mqueue/" + name)

    def look(self):
        """Every object of these kinds that there is; attachments come and go."""
        found = {}
        for kind in ("shm", "msg", "sem"):
            with open("/proc/sysvipc/" + kind) as file:
                for line in file.readlines()[1:]:
                    words = line.split()
                    found[kind + " " + words[1]] = words[0], words[2]
        found["content"] = ctypes.string_at(self.place, 4096)
        found["semaphore"] = libc.semctl(self.semaphores, 0, 12)
        with open("/proc/sysvipc/msg") as file:
            found["messages"] = [line.split()[3:5] for line in file.readlines()[1:]]
        found["queues"] = sorted(os.listdir("/dev/mqueue"))
        return found

    def changes(self):
        now = self.look()
        kinds = ("shm", "msg", "sem", "content", "messages", "queues", "semaphore")
        keys = [key for key in {**now, **self.before} if now.get(key) != self.before.get(key)]
        return [kind for kind in kinds if any(key.split()[0] == kind for key in keys)]


def numbers(kind):
    with open("/proc/sysvipc/" + kind) as file:
        return [int(line.split()[1]) for line in file.readlines()[1:]]


class Victim(object):
    def __init__(self, inside, uid, home):
        self.secrets = {name: new_secret() for name in ("environment", "command", "memory")}
        with open(os.path.join(home, "victims-file"), "w") as file:
            file.write("of the victim")
        here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "victim.py")
        with open(here) as file:
            text = file.read()
        words = as_user(uid) + [sys.executable, "-c", text, self.secrets["command"]]
        variables = {
            "HOME": home,
            "SECRET": self.secrets["environment"],
            "PATH": os.environ["PATH"],
        }
        self.process = inside.start(
            words, home, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.process.stdin.write(self.secrets["memory"].encode() + b"\n")
        self.process.stdin.flush()
        self.address = json.loads(self.process.stdout.readline())["address"]
        self.number = number_inside(self.process.pid)
        self.before = standing(self.process.pid)

    def changes(self):
        if self.process.poll() is not None:
            return ["ended with %d" % self.process.returncode]
        found = changed(self.before, standing(self.process.pid))
        self.process.stdin.write(b"look\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if answer["signals"]:
            found.append("got signals %s" % sorted(set(answer["signals"]))[:5])
        if not answer["memory"]:
            found.append("its memory was changed")
        return found


def as_user(uid):
    if uid == 0:
        return []
    number = str(uid)
    return ["setpriv", "--reuid=" + number, "--regid=" + number, "--clear-groups"]


def standing(pid):
    """What others can change of a process from outside."""
    found = {}
    for name in ("limits", "oom_score_adj", "comm", "stat", "status"):
        with open("/proc/%d/%s" % (pid, name)) as file:
            found[name] = file.read()
    fields = found.pop("stat").rsplit(")", 1)[1].split()
    found["state"], found["group"], found["nice"] = fields[0], fields[2], fields[16]
    found["policy"] = fields[38]
    status = found.pop("status").splitlines()
    found["processors"] = [line for line in status if line.startswith("Cpus_allowed:")]
    found["traced"] = [line for line in status if line.startswith("TracerPid:")]
    found["ioprio"] = libc.syscall(252, 1, pid)
    return found


def changed(before, now):
    states = before.pop("state", ""), now.pop("state", "")
    found = ["its %s changed" % key for key in now if now[key] != before.get(key)]
    before["state"] = states[0]
    return found + (["it was stopped"] if states[1] in "Tt" else [])


class Handed(object):
    """Descriptors that are open when shelflife is started: to read, to write, to listen."""

    def __init__(self, folder):
        self.secret = new_secret()
        self.path = os.path.join(folder, "handed")
        self.written = os.path.join(folder, "handed-writable")
        for path, text in ((self.path, self.secret), (self.written, "untouched " * 10)):
            with open(path, "w") as file:
                file.write(text)
        self.folder = os.open(folder, os.O_RDONLY)
        self.pair = socket.socketpair()
        self.pair[0].setblocking(False)
        sources = (
            os.open(self.path, os.O_RDWR),
            os.open(self.written, os.O_RDWR),
            self.pair[1].fileno(),
        )
        for number, source in zip(OWN_DESCRIPTORS, sources):
            os.dup2(source, number, inheritable=True)
        os.dup2(self.folder, 45, inheritable=True)

    def changes(self):
        found = []
        with open(self.path, "rb") as file:
            if file.read() != self.secret.encode():
                found.append("an inherited file was written")
        with open(self.written, "rb") as file:
            if file.read() != b"untouched " * 10:
                found.append("an inherited file was written")
        try:
            self.pair[0].recv(65536)
            found.append("an inherited socket was written")
        except OSError:
            pass
        return found


def facts_of(path):
    """Everything of a file that somebody could change."""
    seen = os.lstat(path)
    kind = stat.S_IFMT(seen.st_mode)
    content, marks = None, ()
    if stat.S_ISREG(kind):
        with open(path, "rb") as file:
            content = file.read(1 << 16)
    elif stat.S_ISLNK(kind):
        content = os.readlink(path)
    if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
        names = [name for name in os.listxattr(path) if not name.startswith("trusted.")]
        marks = tuple((name, os.getxattr(path, name)) for name in sorted(names))
    # Folders have the times and sizes of what is in them, which stands for itself.
    times = (seen.st_size, seen.st_mtime_ns, seen.st_nlink) if stat.S_ISREG(kind) else ()
    return seen.st_mode, seen.st_uid, seen.st_gid, seen.st_rdev, times, content, marks


def photograph(folder, left_out=()):
    """The facts of everything below a folder. It does not follow links, and survives deep ones."""
    found = {}
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            names = os.listdir(place)
        except OSError:
            continue
        for name in names:
            path = os.path.join(place, name)
            if path in left_out or len(path) > 3000:
                continue
            try:
                found[path] = facts_of(path)
            except OSError:
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                waiting.append(path)
    return found


def no_cores():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
