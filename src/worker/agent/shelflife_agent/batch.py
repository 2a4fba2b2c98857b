"""A batch: fork a child, watch it, say how it ended."""

import gc
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback

from .cage import outboxes, settle_in, shown
from .child import ChildProtocol, run_child
from .frames import send_frame
from .kernel import die_with_parent, limit_child, reap_strays, widen
from .memory import PeakMemory, resident_bytes
from .warden import Report, guard
from .watch import Watch

# How long ranks may go on after their launcher has told them to end.
LAST_WORDS = 1.0
# How often to look for the end of a child that is about to go.
LEAVING_TICK = 0.001
# How a child ends that cannot go on.
BROKEN_CHILD = 70
# By how much a process that may be hostile stands back.
NICE = 5


class Host(object):
    """What all batches of this interpreter share."""

    def __init__(self, output, libc, ranks, load):
        self.output = output
        self.libc = libc
        # How many interpreters a launcher has started side by side; 0 without one.
        self.ranks = ranks
        # Gives a module of the agent that is not imported from the beginning.
        self.load = load
        self.scratch = None
        # Names and values of modules as they were before the first fork.
        self.modules = {}
        # What cells are kept in.
        self.cage = None


class Pipes(object):
    """The pipes of one child: its results, what it prints, and what its warden tells."""

    def __init__(self, guarded):
        self.results, self.results_end = os.pipe()
        self.printed, self.printed_end = os.pipe()
        self.report, self.report_end = os.pipe() if guarded else (None, None)
        widen(self.results_end)

    def close_childs_ends(self):
        for descriptor in (self.results_end, self.printed_end, self.report_end):
            if descriptor is not None:
                os.close(descriptor)

    def close(self):
        for descriptor in (self.results, self.printed, self.report):
            if descriptor is not None:
                os.close(descriptor)


def run_batch(request, host, meeting=None):
    """Fork a child for a batch, watch it, and say how it ended. Among several ranks, what they make
    of it together."""
    cage, tasks = host.cage, request["tasks"]
    limits = dict(request["limits"], processes=cage.request["most_processes"])
    pipes = Pipes(cage.has_spaces)
    for outbox in outboxes(tasks):
        if not os.path.isdir(outbox):
            os.makedirs(outbox)
    folder = None
    if not cage.has_spaces:
        folder = tempfile.mkdtemp(prefix="cell-", dir=host.scratch)
    baseline = resident_bytes() or 0
    parent = os.getpid()
    pid = cage.fork()
    if pid == 0:
        if cage.has_spaces:
            be_the_warden(request, limits, host, pipes)
        be_the_child(request, limits, host, pipes, folder, parent)
    pipes.close_childs_ends()
    watch = Watch(pid, request["batch"], pipes, limits, baseline, len(tasks), cage.wardens())
    watch.filtered = cage.has_spaces and cage.has_filters
    # A launcher ends all ranks where one has died: there is something to say first.
    told = []
    signal.signal(
        signal.SIGTERM, lambda *_: told.append(time.monotonic()) if host.ranks else end_all(watch)
    )
    follow(watch, host, meeting, told)
    if not cage.has_spaces:
        # What the child left running could fill the pipes for ever.
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass
        reap_strays()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    watch.drain(host.output, meeting)
    pipes.close()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    if watch.trouble is not None:
        # Not the cell's fault: whoever reads this ends, and is started again.
        raise RuntimeError("the cage of a cell could not be built:\n" + watch.trouble)
    ended = watch.ending()
    if meeting is not None:
        meeting.conclude(ended, host.output)
    send_frame(host.output, ended)


def be_the_warden(request, limits, host, pipes):
    """Everything that the first process of a cell's namespaces does. It never returns."""
    die_with_parent(host.libc, 0)
    cage, tasks = host.cage, request["tasks"]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def build():
        cage.view.build(host.libc, cage.room(limits), sorted(shown(tasks)), outboxes(tasks))

    def run(connection):
        be_the_child(request, limits, host, pipes, host.scratch + "/work", None, connection)

    calls = cage.filters.calls if cage.filters is not None else {}
    guard(Report(pipes.report_end), build, run, calls, cage.own_folders())


def be_the_child(request, limits, host, pipes, folder, parent, connection=None):
    """Everything that the forked child does. It never returns."""
    status = BROKEN_CHILD
    try:
        if parent is not None:
            die_with_parent(host.libc, parent)
        host.cage.show_oneself()
        os.setsid()
        settle_in(os.open(os.devnull, os.O_RDONLY), pipes.printed_end, folder)
        limit_child(limits)
        gc.enable()
        tasks = request["tasks"]
        if len(tasks) == 1:
            # Whoever watches it gets its share of a core, however many processes it starts.
            os.nice(NICE)
        peak = PeakMemory()
        kept = {pipes.results_end}
        if peak.control is not None:
            kept.add(peak.control)
        host.cage.bind(kept, tasks, connection)
        protocol = ChildProtocol(pipes.results_end, request["batch"], len(tasks) == 1)
        run_child(protocol, tasks, host, peak)
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        # Not `sys.exit`: exit handlers and destructors of artifacts have no say after their cell.
        os._exit(status)


def follow(watch, host, meeting, told):
    """Watch the child until it has ended and, among several ranks, until it is decided what they
    made of it. `told` gets the time at which the launcher told this rank to end."""
    takers = {
        watch.pipes.results: lambda: watch.take_results(host.output, meeting),
        watch.pipes.printed: watch.take_printed,
    }
    if watch.guarded:
        takers[watch.pipes.report] = watch.take_report
    while watch.status is None or not (meeting is None or meeting.is_decided(watch, watch.status)):
        others = list(meeting.open) if meeting is not None else []
        # Where its end is all that can come, look for it without delay.
        is_leaving = (watch.finished or not takers) and watch.status is None
        pause = LEAVING_TICK if is_leaving else watch.pause
        ready = select.select([0] + list(takers) + others, [], [], pause)[0]
        for descriptor in others:
            if descriptor in ready:
                meeting.take_from(descriptor)
        if meeting is not None and watch.status is None and meeting.is_decided(watch, None):
            watch.end("abandoned")
        if told and time.monotonic() > told[0] + LAST_WORDS:
            end_all(watch)
        if 0 in ready:
            # Nothing is sent while a batch runs: the orchestrator is gone, and nobody waits for
            # results.
            end_all(watch)
        for descriptor in list(takers):
            if descriptor in ready and not takers[descriptor]():
                del takers[descriptor]
        if not ready or not takers or watch.finished:
            watch.look_for_end()
        if watch.status is None:
            watch.check_limits()


def end_all(watch):
    """End the child and everything that it started, and ourselves."""
    watch.end("abandoned")
    reap_strays()
    os._exit(0)
