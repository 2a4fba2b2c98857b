"""What a forked child does."""

import os
import signal
import time

from .facts import keep_local_paths
from .frames import frame_of, write_all
from .observing import observe
from .ranks import end_of_ranks, failed
from .training import train
from .world import WorldState

# A batch is reported as a whole, so this is what a kill of the orchestrator can cost, plus one
# task.
BATCH_SECONDS = 1.0
# What a rescue asks for is a third of the agent, and compiled where it is asked for: a run starts
# dozens of interpreters, and each compiles what it imports.
RARE = {"mend": "shelflife_agent.rescuing", "probe": "shelflife_agent.rescuing"}


class ChildProtocol(object):
    """The child's end of its private pipe."""

    def __init__(self, descriptor, batch, lone):
        self.descriptor = descriptor
        self.batch = batch
        self.lone = lone
        self.owner = os.getpid()
        self.held = []

    def send(self, message, payload=b"", more=False):
        """Send a message; with `more`, together with the next one, since each write wakes two
        processes."""
        # A cell that forked has two processes here; only the first may speak.
        if os.getpid() != self.owner:
            os._exit(0)
        message["batch"] = self.batch
        self.held += frame_of(message, payload)
        if not more:
            parts, self.held = self.held, []
            write_all(self.descriptor, parts)

    def phase(self, index, phase):
        # How a task ended is told of lone ones only.
        if self.lone:
            self.send({"op": "phase", "index": index, "phase": phase})


def run_child(protocol, tasks, host, peak):
    """Do the tasks of a batch one after another, as far as its time reaches; the rest comes in
    another batch. A process with a rank has one task."""
    start = time.monotonic()
    keep_local_paths()
    others = {task["kind"]: what_does(task["kind"], host) for task in tasks}
    world = WorldState(host.modules) if len(tasks) > 1 else None
    for index, task in enumerate(tasks):
        protocol.send({"op": "start", "index": index})
        if task["kind"] == "cell":
            message, payload = observe(task, protocol, peak, index)
        else:
            message, payload = others[task["kind"]](task, protocol, index), b""
        if host.ranks > 0:
            end_with_others(protocol, message, payload)
            break
        # The result leaves with the start of the next task, that is, before the next artifact can
        # reach for it.
        protocol.send(message, payload, more=True)
        if world is not None:
            what = world.change()
            if what is not None:
                protocol.send({"op": "state-changed", "index": index, "what": what})
                return
        if time.monotonic() - start > BATCH_SECONDS:
            break
    protocol.send({"op": "finished"})


def what_does(kind, host):
    """The function that does a task of that kind, unless it observes a cell."""
    if kind == "cell":
        return None
    return train if kind == "train" else getattr(host.load(RARE[kind]), kind)


def end_with_others(protocol, message, payload):
    """Tell the result of a process with a rank, and leave the ranks in order."""
    protocol.send(message, payload)
    if failed(message):
        # Others may wait for this rank, and a rank that leaves ends them all before the failure is
        # told.
        signal.pause()
    end_of_ranks()
