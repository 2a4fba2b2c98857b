"""Several interpreters that a launcher such as mpirun starts side by side.

Only rank 0 has the orchestrator's pipes. It hands the agent and every request on to the others,
which serve it over a socket in their common folder as if it were the orchestrator. MPI cannot be
started twice in one process, nor by two children of one process: such an interpreter runs one task,
alone, and ends.
"""

import os
import socket
import sys
import time

from .frames import frame_of, read_exactly, read_frame, send_frame, write_all

RANKS_SOCKET = "ranks.sock"
# How launchers tell a process which one it is, and of how many.
RANK_VARIABLES = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
)
MEETING_SECONDS = 60.0
# How long rank 0 may take to fail like another one that has.
ALIKE_SECONDS = 0.5


def rank_and_size():
    """Which rank this process is, and of how many; (0, 0) without a launcher that counts."""
    for rank, size in RANK_VARIABLES:
        if rank in os.environ and size in os.environ:
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 0


class Peers(object):
    """The other ranks, as rank 0 talks to them."""

    def __init__(self, count, agent):
        ranks = {}
        self.size = count + 1
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            try:
                os.unlink(RANKS_SOCKET)
            except OSError:
                pass
            # The name is relative: a socket's path must be short, and all ranks have one working
            # directory.
            listener.bind(RANKS_SOCKET)
            listener.listen(count)
            listener.settimeout(MEETING_SECONDS)
            source = agent.encode("utf-8")
            for _ in range(count):
                connection = listener.accept()[0]
                connection.setblocking(True)
                rank = b""
                while not rank.endswith(b"\n"):
                    rank += read_exactly(connection.fileno(), 1) or b"?\n"
                ranks[int(rank)] = connection
                connection.sendall(str(len(source)).encode("ascii") + b"\n" + source)
        finally:
            listener.close()
        self.connections = [ranks[rank] for rank in sorted(ranks)]

    def send(self, message):
        for connection in self.connections:
            send_frame(connection.fileno(), message)

    def descriptors(self):
        return [connection.fileno() for connection in self.connections]

    def receive(self):
        """The next frame of each."""
        frames = [read_frame(connection.fileno()) for connection in self.connections]
        if None in frames:
            raise EOFError("rank %d of %d ended" % (frames.index(None) + 1, self.size))
        return [message for message, _ in frames]


def away_from_rank_0(request, rank):
    """A request whose files are this rank's own: all ranks train, and the artifact is rank 0's."""
    files = []
    for task in request["tasks"]:
        for saving in task.get("formats", ()):
            for key in ("path", "model"):
                if saving.get(key):
                    saving[key] += ".rank%d" % rank
                    files.append(saving[key])
    return files


def end_of_ranks():
    """Leave MPI, where a task has started it: a process that ends without that takes the others
    along."""
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized():
        mpi.Finalize()


def failed(message):
    """Whether a task's result is a failure that the other ranks may not have seen."""
    return message.get("outcome", "predicted") != "predicted" or "train_error" in message


class Meeting(object):
    """What all ranks made of one task, as rank 0 learns it."""

    def __init__(self, peers):
        self.peers = peers
        self.open = dict(zip(peers.descriptors(), range(1, peers.size)))
        # The result of rank 0 as a raw frame, and that of another rank that failed, with its time.
        self.own = None
        self.own_failed = False
        self.trouble = None
        self.since = 0.0
        # How a rank's child ended, where that was not by finishing.
        self.ended = None

    def take_own(self, message, raw):
        self.own = raw
        if failed(message):
            self.own_failed = True

    def take_from(self, descriptor):
        """Read one frame of another rank."""
        rank = self.open[descriptor]
        where = "rank %d of %d" % (rank, self.peers.size)
        frame = read_frame(descriptor)
        if frame is None:
            del self.open[descriptor]
            self.end({"how": "exit", "status": 70, "printed": where + " ended without a message"})
            return
        message = frame[0]
        if message.get("op") == "result" and failed(message) and self.trouble is None:
            for key in ("error", "train_error"):
                if message.get(key):
                    message[key]["message"] += " (in %s)" % where
            self.trouble, self.since = b"".join(frame_of(*frame)), time.monotonic()
        elif message.get("op") == "ended":
            del self.open[descriptor]
            if message["how"] != "finished":
                printed = message.get("printed", "").strip()
                self.end(
                    dict(
                        message,
                        printed="%s%s" % (printed + "\n" if printed else "", "so ended " + where),
                    )
                )

    def end(self, how):
        if self.ended is None:
            self.ended = {
                key: how[key]
                for key in ("how", "signal", "status", "phase", "printed")
                if key in how
            }

    def is_decided(self, watch, status):
        """Whether nothing that is still to come could change what is said of the task."""
        if self.own_failed or self.ended is not None or (status is not None and not watch.finished):
            return True
        if self.trouble is not None:
            # Where all fail alike, what rank 0 says is said.
            return status is not None or time.monotonic() > self.since + ALIKE_SECONDS
        return status is not None and not self.open

    def conclude(self, ended, output):
        """Send the result that counts, and say how the task ended."""
        if not self.own_failed and self.trouble is None:
            if self.ended is not None:
                ended.update(self.ended)
            elif self.own is not None and ended["how"] == "finished":
                write_all(output, [self.own])
            return
        write_all(output, [self.own if self.own_failed else self.trouble])
        ended["how"] = "finished"
