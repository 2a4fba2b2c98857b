"""The cage of a cell: what a process that is forked for a batch may do, and what becomes of what
it leaves behind. What the kernel of this machine allows is tried once, when the interpreter
starts; SECURITY.md has the table."""

import os
import signal
import tempfile

from .confine import drop_powers, enter, landlock_version, readable_paths, restrict_files
from .kernel import die_with_parent, has_only_loopback, raise_loopback
from .seccomp import Filters, machine
from .spaces import (
    NEW_NETWORK,
    NEW_PROCESSES,
    TEMPORARY,
    View,
    hide_controls,
    own_users,
    unshare,
)
from .warden import Report, close_all_but, guard, read_lines

PR_SET_DUMPABLE = 4
# How often a cage is tried before the machine is said to give none.
ATTEMPTS = 3
# How a cage ends that was only tried.
TRIED = 0
# Of the memory that a cell may take, this share may lie in files.
FILES_SHARE = 2
LEAST_ROOM = 16 << 20


class Cage(object):
    """What cells of this interpreter are kept in."""

    def __init__(self, libc, request, ranks):
        self.libc = libc
        self.request = request
        self.ranks = ranks
        self.view = View(request)
        self.scratch = request["scratch"]
        compiled = request["filters"].get(machine() or "")
        self.filters = Filters(compiled) if compiled else None
        self.paths = None
        # What works here.
        self.has_spaces = self.has_filters = self.asks = self.has_network = False
        self.landlock = 0
        self.own_processes = None
        # Whether this process can ask for new processes more than once.
        self.returns = False
        # Whether the matrix says that its author's code may do what the author may.
        self.trusts = request["trusts"]

    def close_doors(self):
        """Leave what can be left before anything is imported, and try what can be had."""
        if not hasattr(self.libc, "unshare"):
            return
        if self.ranks:
            self.has_network = not has_only_loopback()
        else:
            self.leave()
        # Nobody in a cell reads the memory of whoever has started it. Not before: what the
        # kernel says about a process that hides its memory belongs to root.
        self.libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        if not self.trusts:
            self.landlock = landlock_version(self.libc)
            self.try_out()

    def leave(self):
        """Namespaces of the interpreter itself. In a cage it has them already; elsewhere it gets
        its own, if the kernel lets it."""
        if not self.request["caged"]:
            if not self.trusts:
                try:
                    own_users(self.libc)
                except OSError:
                    # Root may do without.
                    pass
            try:
                unshare(self.libc, NEW_NETWORK)
            except OSError:
                pass
        raise_loopback()
        self.has_network = not has_only_loopback()

    def try_out(self):
        """Find out whether a cell can be kept in namespaces and behind filters, by making one that
        does nothing."""
        # One that somebody has killed says nothing about this machine.
        for _ in range(0 if self.ranks else ATTEMPTS):
            try:
                self.own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
                self.returns = self.libc.setns(self.own_processes, NEW_PROCESSES) == 0
                self.has_spaces = True
                answers = self.attempt()
            except OSError:
                answers = []
            self.has_spaces = {"status": TRIED} in answers
            self.asks = {"asks": True} in answers
            self.has_filters = self.asks or {"asks": False} in answers
            if self.has_spaces:
                return
        self.has_filters = self.filters is not None and self.filter_works()

    def attempt(self):
        """What the warden of a cell that does nothing tells."""
        ours, theirs = os.pipe()
        pid = self.fork()
        if pid == 0:
            os.close(ours)
            report = Report(theirs)

            def build():
                self.view.build(self.libc, 1 << 20, [], [])

            def run(connection):
                asks = None
                try:
                    drop_powers(self.libc)
                    if self.filters is not None:
                        asks = self.filters.apply(self.libc, connection)
                    report.tell({"asks": asks})
                finally:
                    os._exit(TRIED)

            guard(report, build, run, {}, [])
        os.close(theirs)
        answers, buffer, data = [], bytearray(), []
        os.waitpid(pid, 0)
        while data is not None:
            answers.extend(data)
            data = read_lines(ours, buffer)
            if data == []:
                break
        os.close(ours)
        return answers

    def filter_works(self):
        """Whether a process without a warden can bind itself to the filters."""
        pid = os.fork()
        if pid == 0:
            try:
                drop_powers(self.libc)
                done = self.filters.apply(self.libc)
                os._exit(1 if done is None else 0)
            finally:
                os._exit(1)
        return os.WEXITSTATUS(os.waitpid(pid, 0)[1]) == 0

    def look_around(self):
        """What cells may read: known once everything is imported."""
        if self.landlock:
            caged = self.request["caged"]
            self.paths = {"/"} if caged else readable_paths(self.request["homes"])

    def walls(self):
        """What stands, for the orchestrator."""
        return {
            "spaces": self.has_spaces,
            "network": not self.has_network,
            "landlock": self.landlock,
            "filter": "ask" if self.asks else "refuse" if self.has_filters else None,
        }

    def fork(self):
        """Fork, into processes of its own where that can be had."""
        if not self.has_spaces:
            return os.fork()
        if not self.returns:
            return self.fork_by_another()
        unshare(self.libc, NEW_PROCESSES)
        pid = os.fork()
        if pid != 0:
            # Later children belong here again, until another one is meant.
            self.libc.setns(self.own_processes, NEW_PROCESSES)
        return pid

    def fork_by_another(self):
        """Whoever asks for new processes and cannot return has only one more child: so a process
        asks that does nothing else."""
        parent = os.getpid()
        pid = os.fork()
        if pid != 0:
            return pid
        status = 70
        try:
            die_with_parent(self.libc, parent)
            unshare(self.libc, NEW_PROCESSES)
            warden = os.fork()
            if warden == 0:
                return 0
            close_all_but(set())
            os.waitpid(warden, 0)
            status = 0
        finally:
            if os.getpid() != 1:
                os._exit(status)

    def wardens(self):
        """How many processes stand between the interpreter and a cell."""
        return 0 if not self.has_spaces else 1 if self.returns else 2

    def show_oneself(self):
        """Let a cell have what the kernel says about itself, unlike whoever has started it."""
        self.libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)

    def bind(self, kept, tasks, connection):
        """Bind this process, a cell, to what it may do, for ever. `kept` are the descriptors that
        stay open; `connection` leads to whoever answers for its filters."""
        libc = self.libc
        if self.has_spaces:
            hide_controls(libc)
        ruleset = None
        if self.landlock and self.paths is not None:
            readable = {"/"} if self.reads_all(tasks) else self.paths | shown(tasks)
            ruleset = restrict_files(libc, self.landlock, readable, self.writable(tasks))
        descriptors = {0, 1, 2} | set(kept)
        if ruleset is not None:
            descriptors.add(ruleset)
        if connection is not None:
            descriptors.add(connection.fileno())
        close_all_but(descriptors)
        drop_powers(libc)
        if ruleset is not None:
            enter(libc, ruleset)
        if self.has_filters:
            asks = len(tasks) == 1 and self.asks and connection is not None
            self.filters.apply(libc, connection if asks else None)
        if connection is not None:
            connection.close()

    def reads_all(self, tasks):
        """Whether a cell reads whatever this user can: a recipe, in an interpreter without a cage
        that would say what it sees."""
        return not self.request["caged"] and any(task["kind"] == "train" for task in tasks)

    def writable(self, tasks):
        if self.has_spaces:
            return {self.scratch, TEMPORARY}
        if self.ranks:
            # Their launcher keeps what they share there, and goes with them.
            return {self.scratch}
        return {os.getcwd()} | set(outboxes(tasks))

    def room(self, limits):
        """Bytes that a cell may write: they count as memory, and are bounded by the mount."""
        return max((limits.get("memory_bytes") or LEAST_ROOM) // FILES_SHARE, LEAST_ROOM)

    def own_folders(self):
        """Where a cell may write without anybody taking note."""
        return [self.scratch, TEMPORARY, "/dev/shm", "/dev/null"]


def shown(tasks):
    """The files that a batch reads."""
    keys = ("artifact", "inputs", "dataset", "modules")
    return {task[key] for task in tasks for key in keys if task.get(key)}


def outboxes(tasks):
    """The folders in which a batch leaves artifacts."""
    paths = set()
    for task in tasks:
        for saving in task.get("formats", ()):
            paths.update(os.path.dirname(saving[key]) for key in ("path", "model") if saving[key])
    return sorted(paths)


def settle_in(standard_input, printed, folder):
    """Streams, folder and signals of a child's own instead of its parent's."""
    os.dup2(standard_input, 0)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.chdir(folder)
    os.environ["TMPDIR"] = os.environ["HOME"] = folder
    tempfile.tempdir = None
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
