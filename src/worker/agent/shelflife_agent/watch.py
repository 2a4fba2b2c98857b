"""One child, as the warm interpreter watches it."""

import os
import select
import signal
import time

from .facts import cut
from .frames import write_all
from .memory import descendants, exceeds
from .turns import MAX_PAYLOAD, Turns
from .warden import read_lines

TICK = 0.02
# The same where there are several processes.
CROWDED_TICK = 0.004
# Processes that take long to look at, and how much longer than a look the time until the next one
# is then.
CROWD = 40
PATIENCE = 5
TAIL = 4096
# How long a child that says it is done may take to go.
FAREWELL = 1.0


class Watch(object):
    """One child: its pipes, its clock, what is known of it."""

    def __init__(self, pid, batch, pipes, limits, baseline, tasks=1, wardens=0):
        self.pid = pid
        self.batch = batch
        self.pipes = pipes
        self.limits = limits
        self.baseline = baseline
        self.turns = Turns(batch, tasks, limits.get("memory_bytes") or MAX_PAYLOAD)
        self.tail = b""
        self.task = 0
        self.phase = "start"
        self.deadline = time.monotonic() + limits["seconds"]
        self.finished = False
        self.ended = None
        self.looked = 0.0
        self.look_seconds = 0.0
        self.pause = TICK
        self.is_crowded = False
        # Its exit status as `waitpid` tells it.
        self.status = None
        # Of a cell that has a warden: what that told of its end and its attempts, and whether it
        # is bound to filters.
        self.guarded = pipes.report is not None
        self.wardens = wardens
        self.cell_status = None
        self.tried = []
        self.trouble = None
        self.lines = bytearray()
        self.filtered = False

    def take_results(self, output, meeting=None):
        """Read what the child sent and pass results on: to the orchestrator, or to the meeting of
        ranks that has to agree on them first. False at the end of its pipe."""
        data = os.read(self.pipes.results, 1 << 18)
        if not data:
            return False
        passed = []
        for message, raw in self.turns.feed(data):
            if not self.note(message):
                continue
            if meeting is not None:
                meeting.take_own(message, raw)
            else:
                passed.append(raw)
        if self.turns.is_garbled:
            self.end("garbled")
        if passed:
            write_all(output, passed)
        return True

    def note(self, message):
        """What a message says of the child itself; whether others have to learn of it."""
        kind = message["op"]
        if kind == "start":
            # Only a later task restarts the clock, whatever the child says.
            if message["index"] > self.task:
                self.task = message["index"]
                self.deadline = time.monotonic() + self.limits["seconds"]
            self.phase = "start"
        elif kind == "phase":
            self.phase = str(message.get("phase"))
        elif kind in ("finished", "state-changed"):
            self.finish()
        return kind in ("result", "state-changed")

    def take_printed(self):
        """Read what the child printed and keep its end. False at the end of its pipe."""
        data = os.read(self.pipes.printed, 1 << 16)
        self.tail = (self.tail + data)[-TAIL:]
        return bool(data)

    def take_report(self):
        """Read what the warden told. False at the end of its pipe."""
        told = read_lines(self.pipes.report, self.lines)
        for line in told or ():
            if "status" in line:
                self.cell_status = line["status"]
            elif "tried" in line:
                self.tried.append(line["tried"])
            else:
                self.trouble = line.get("trouble")
        return told is not None

    def drain(self, output, meeting=None):
        """What is still in the pipes when the child has ended."""
        while is_readable(self.pipes.results) and self.take_results(output, meeting):
            pass
        while is_readable(self.pipes.printed) and self.take_printed():
            pass
        while self.guarded and is_readable(self.pipes.report) and self.take_report():
            pass

    def finish(self):
        """The child said that it is done: it has a moment to go."""
        self.finished = True
        self.deadline = time.monotonic() + FAREWELL

    def end(self, why):
        """Kill the child's whole process group, remembering why."""
        if self.ended is None:
            self.ended = why
        for kill in (os.killpg, os.kill):
            try:
                kill(self.pid, signal.SIGKILL)
            except OSError:
                pass

    def look_for_end(self):
        """Whether the child has ended by now."""
        if self.status is None:
            done, code = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.status = code
        return self.status is not None

    def check_limits(self):
        """End the child where it takes too long or too much."""
        now = time.monotonic()
        if now > self.deadline:
            self.end("timeout")
        # Looking takes long among many processes, and time is kept all the same.
        patience = PATIENCE * self.look_seconds if self.is_crowded else 0
        if now - self.looked < max(self.pause / 2, patience):
            return
        self.look()
        self.looked = time.monotonic()
        self.look_seconds = self.looked - now

    def look(self):
        """End the child where it has too many processes, or they take too much."""
        memory, most = self.limits.get("memory_bytes"), self.limits.get("processes")
        if not memory:
            return
        processes = descendants(self.pid)
        if most and len(processes) > most + 1:
            self.end("processes")
            return
        # A warden is a copy of the interpreter that does nothing.
        counted = processes[self.wardens :]
        # Several take memory faster than one, which has a limit of its own.
        self.pause = TICK if len(counted) < 2 else CROWDED_TICK
        self.is_crowded = len(counted) > CROWD
        if exceeds(counted, self.baseline, memory):
            self.end("memory")

    def ending(self):
        """The message that says how the child ended."""
        ended = {"op": "ended", "batch": self.batch, "index": self.task, "phase": self.phase}
        if self.finished:
            ended["how"] = "finished"
        elif self.ended is not None:
            ended["how"] = self.ended
        else:
            ended.update(self.own_end())
        if ended["how"] == "garbled":
            ended["printed"] = "shelflife: its results were too large or malformed"
            self.tried.append(("forgery", "results"))
        elif ended["how"] == "processes":
            ended["printed"] = "shelflife: it had more than %d processes" % self.limits["processes"]
        elif ended["how"] != "finished":
            ended["printed"] = cut(self.tail.decode("utf-8", "replace"), TAIL)
        if self.tried:
            ended["tried"] = self.tried
        return ended

    def own_end(self):
        """How the child ended where nobody here has ended it."""
        status = self.cell_status if self.guarded else self.status
        if status is None:
            # Its warden was killed, and it with that.
            return {"how": "signal", "signal": signal.SIGKILL, "outside": True}
        if not os.WIFSIGNALED(status):
            return {"how": "exit", "status": os.WEXITSTATUS(status)}
        number = os.WTERMSIG(status)
        if self.filtered and number == signal.SIGSYS:
            # So a filter ends who kills itself.
            return {"how": "signal", "signal": signal.SIGKILL}
        return {"how": "signal", "signal": number, "outside": number == signal.SIGKILL}


def is_readable(descriptor):
    return bool(select.select([descriptor], [], [], 0)[0])
