"""The warm interpreter: imports what the plan needs, and forks a child for each batch."""

import gc
import os
import signal
import sys

from .batch import Host, run_batch
from .cage import Cage
from .frames import read_frame, send_frame
from .kernel import become_subreaper, c_library, widen
from .ranks import Meeting, Peers, away_from_rank_0, rank_and_size
from .setup import warm_up
from .world import module_state


def main(agent, load):
    """Serve requests until the orchestrator closes our standard input. `agent` is the agent's own
    source, for other ranks, and `load` gives a module of it by its full name."""
    # Collecting garbage finds none while importing, and would touch, and so copy, every inherited
    # page in a child.
    gc.disable()
    output = private_output()
    sys.path[:] = [entry for entry in sys.path if entry]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    libc = c_library()
    become_subreaper(libc)
    rank, ranks = rank_and_size()
    host = Host(output, libc, ranks, load)
    peers = Peers(ranks - 1, agent) if ranks and rank == 0 else None
    while True:
        frame = read_frame(0)
        if frame is None:
            break
        request = frame[0]
        if peers is not None:
            peers.send(request)
        if request["op"] == "hello":
            send_frame(output, greet(request, host, peers))
        elif request["op"] == "batch":
            if not ranks:
                run_batch(request, host)
                continue
            run_ranked(request, host, rank, peers)
            break


def private_output():
    """Where answers go. Whatever writes to standard output, C code included, writes to standard
    error instead."""
    output = os.dup(1)
    widen(output)
    os.set_inheritable(output, False)
    os.dup2(2, 1)
    return output


def greet(request, host, peers):
    """Import, confine, and say what is there."""
    host.scratch = request["scratch"]
    host.cage = Cage(host.libc, request["cage"], host.ranks)
    host.cage.close_doors()
    answer = warm_up(request)
    host.cage.look_around()
    # Cells may not keep what they compile, and need not try.
    sys.dont_write_bytecode = True
    answer["lone"] = host.ranks > 0
    answer["walls"] = host.cage.walls()
    for other in peers.receive() if peers is not None else ():
        for what, error in other["troubles"].items():
            answer["troubles"].setdefault(what, error)
    host.modules = module_state()
    if hasattr(gc, "freeze"):
        gc.freeze()
    return answer


def run_ranked(request, host, rank, peers):
    """The one task of a process with a rank."""
    files = away_from_rank_0(request, rank) if rank else []
    run_batch(request, host, Meeting(peers) if peers else None)
    for path in files:
        if os.path.exists(path):
            os.unlink(path)
