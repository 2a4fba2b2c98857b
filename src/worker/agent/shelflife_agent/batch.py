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

from .child import ChildProtocol, run_child
from .confine import confine
from .frames import send_frame
from .kernel import die_with_parent, limit_child, reap_strays, widen
from .memory import PeakMemory, resident_bytes
from .watch import TICK, Watch

# How long ranks may go on after their launcher has told them to end.
LAST_WORDS = 1.0
# How often to look for the end of a child that is about to go.
LEAVING_TICK = 0.001
# How a child ends that cannot go on.
BROKEN_CHILD = 70


class Host(object):
    """What all batches of this interpreter share."""

    def __init__(self, output, libc, ranks):
        self.output = output
        self.libc = libc
        # How many interpreters a launcher has started side by side; 0 without one.
        self.ranks = ranks
        self.scratch = None
        # Names and values of modules as they were before the first fork.
        self.modules = {}
        # The Landlock ruleset that confines cells, or None.
        self.ruleset = None


class Pipes(object):
    """The pipes of one child: its results, and what it prints."""

    def __init__(self):
        self.results, self.results_end = os.pipe()
        self.printed, self.printed_end = os.pipe()
        widen(self.results_end)

    def close_childs_ends(self):
        os.close(self.results_end)
        os.close(self.printed_end)

    def close(self):
        os.close(self.results)
        os.close(self.printed)


def run_batch(request, host, meeting=None):
    """Fork a child for a batch, watch it, and say how it ended. Among several ranks, what they make
    of it together."""
    pipes = Pipes()
    folder = tempfile.mkdtemp(prefix="cell-", dir=host.scratch)
    baseline = resident_bytes() or 0
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        be_the_child(request, host, pipes, folder, parent)
    pipes.close_childs_ends()
    watch = Watch(pid, request["batch"], pipes, request["limits"], baseline)
    # A launcher ends all ranks where one has died: there is something to say first.
    told = []
    signal.signal(
        signal.SIGTERM, lambda *_: told.append(time.monotonic()) if host.ranks else end_all(watch)
    )
    follow(watch, host, meeting, told)
    # What the child left running could fill the pipes for ever.
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
    reap_strays()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    watch.drain(host.output, meeting)
    pipes.close()
    shutil.rmtree(folder, ignore_errors=True)
    ended = watch.ending()
    if meeting is not None:
        meeting.conclude(ended, host.output)
    send_frame(host.output, ended)


def be_the_child(request, host, pipes, folder, parent):
    """Everything that the forked child does. It never returns."""
    status = BROKEN_CHILD
    try:
        die_with_parent(host.libc, parent)
        os.setsid()
        settle_in(pipes, host.output, folder)
        limit_child(request["limits"])
        gc.enable()
        tasks = request["tasks"]
        peak = PeakMemory()
        # Recipes may read their author's files; who loads a file reads what somebody else wrote.
        if host.ruleset is not None and all(task["kind"] != "train" for task in tasks):
            confine(host.libc, host.ruleset)
        protocol = ChildProtocol(pipes.results_end, request["batch"], len(tasks) == 1)
        run_child(protocol, tasks, host.modules, peak, host.ranks > 0)
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        # Not `sys.exit`: exit handlers and destructors of artifacts have no say after their cell.
        os._exit(status)


def settle_in(pipes, output, folder):
    """Streams, folder and signals of the child's own instead of its parent's."""
    for descriptor in (pipes.results, pipes.printed, output, 0):
        os.close(descriptor)
    os.open(os.devnull, os.O_RDONLY)
    os.dup2(pipes.printed_end, 1)
    os.dup2(pipes.printed_end, 2)
    os.close(pipes.printed_end)
    os.chdir(folder)
    os.environ["TMPDIR"] = os.environ["HOME"] = folder
    tempfile.tempdir = None
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def follow(watch, host, meeting, told):
    """Watch the child until it has ended and, among several ranks, until it is decided what they
    made of it. `told` gets the time at which the launcher told this rank to end."""
    takers = {
        watch.pipes.results: lambda: watch.take_results(host.output, meeting),
        watch.pipes.printed: watch.take_printed,
    }
    while watch.status is None or not (meeting is None or meeting.is_decided(watch, watch.status)):
        others = list(meeting.open) if meeting is not None else []
        # Where its end is all that can come, look for it without delay.
        is_leaving = (watch.finished or not takers) and watch.status is None
        pause = LEAVING_TICK if is_leaving else TICK
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
        for descriptor in (watch.pipes.printed, watch.pipes.results):
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
