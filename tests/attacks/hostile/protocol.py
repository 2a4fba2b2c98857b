"""What travels between a cell and whoever judges it: frames that lie, pipes that are misused."""

import fcntl
import gc
import json
import os
import struct

from tools import NAME, Teller, attack, attempt, detached, frame, shout, spill, sys, time

RESULT = {"op": "result", "batch": 0, "index": 0, "outcome": "predicted", "outputs": []}


def objects(name):
    return [found for found in gc.get_objects() if type(found).__name__ == name]


@attack
def garbage(inner):
    shout(b"\xff" * 4096)


@attack
def lengths(inner):
    for text, raw in ((0xFFFFFFFF, 0), (0, 0xFFFFFFFF), (1 << 23, 1 << 31), (0, 0), (2, 1 << 30)):
        shout(struct.pack("<II", text, raw) + b"{}")


@attack
def torn_frame(inner):
    shout(struct.pack("<II", 1000, 0) + b'{"op":')
    os._exit(0)


@attack
def results_of_all(inner):
    for batch in range(100):
        for index in range(16):
            shout(frame(dict(RESULT, batch=batch, index=index)))


@attack
def results_and_end(inner):
    for batch in range(100):
        shout(frame(dict(RESULT, batch=batch)) + frame({"op": "finished", "batch": batch}))
    os._exit(0)


@attack
def ended(inner):
    for batch in range(100):
        shout(frame({"op": "ended", "batch": batch, "how": "finished", "index": 0}))


@attack
def ready(inner):
    shout(frame({"op": "ready", "troubles": {}, "absent": [], "isolated_network": True}))


@attack
def numbers_of_frames(inner):
    for value in (-1, 1e308, True, None, "0", 1 << 70, [0], {"a": 0}):
        shout(frame(dict(RESULT, batch=value, index=value)))


@attack
def no_numbers(inner):
    shout(frame(b'{"op":"result","batch":NaN,"index":Infinity,"outcome":"predicted"}'))


@attack
def nested_frame(inner):
    shout(frame(b"[" * 200000 + b"]" * 200000))


@attack
def same_keys(inner):
    shout(frame(b'{"op":"phase","op":"result","batch":0,"batch":1,"index":0,"index":5}'))


@attack
def broken_text(inner):
    shout(frame(b'{"op":"result","batch":0,"index":0,"outcome":"\xed\xa0\x80\xff\\ud800"}'))


@attack
def sent_by_agent(inner):
    """The agent's own end of its pipe, with results for other tasks."""
    for protocol in objects("ChildProtocol"):
        for batch in range(protocol.batch, protocol.batch + 8):
            protocol.batch = batch
            for index in range(8):
                attempt(protocol.send, dict(RESULT, index=index))


@attack
def held_frames(inner):
    """What the agent is going to send with its next frame."""
    for protocol in objects("ChildProtocol"):
        protocol.held += [frame(dict(RESULT, batch=protocol.batch, index=1)) * 3]


@attack
def objects_of_agent(inner):
    for found in gc.get_objects():
        if type(found).__module__.startswith("shelflife_agent"):
            for key in list(getattr(found, "__dict__", ())):
                attempt(setattr, found, key, None)


@attack
def functions_of_agent(inner):
    for name, module in list(sys.modules.items()) + [(type(f).__name__, f) for f in functions()]:
        if "shelflife" in name or name == "function":
            scope = getattr(module, "__globals__", None) or vars(module)
            for key in ("observe", "compare", "write_all", "send_frame", "frame_of"):
                if key in scope:
                    scope[key] = lambda *_, **__: ({}, b"")


def functions():
    return [found for found in gc.get_objects() if type(found).__name__ == "function"][:20000]


@attack
def constants_of_agent(inner):
    for function in functions():
        if getattr(function, "__module__", "") and "shelflife" in function.__module__:
            attempt(setattr, function, "__defaults__", (None,) * 4)
            attempt(setattr, function, "__code__", (lambda *_, **__: None).__code__)


@attack
def caller(inner):
    """The frames of Python that have called this file, and their variables."""
    above = sys._getframe()
    while above is not None:
        for value in list(above.f_locals.values()):
            if isinstance(value, dict):
                attempt(value.clear)
        above = above.f_back


@attack
def written_by_os(inner):
    real = os.write
    os.write = lambda handle, data: real(handle, bytes(data).replace(b'"op"', b'"xx"'))


@attack
def written_as_json(inner):
    real = json.dumps

    def forged(value, *more, **options):
        if isinstance(value, dict) and "index" in value:
            value = dict(value, index=value["index"] + 1)
        return real(value, *more, **options)

    json.dumps = json.JSONEncoder.encode = forged


@attack
def end_refused(inner):
    os._exit = sys.exit = lambda *_: None


@attack
def sent_while_predicting(inner):
    class Late(object):
        classes_ = inner.classes_

        def predict(self, X):
            for index in range(1, 4):
                for batch in range(64):
                    shout(frame(dict(RESULT, batch=batch, index=index)))
            return inner.predict(X)

    return Late()


@attack
def two_of_it(inner):
    """A copy of the cell that goes on as if it were the cell, and predicts something else."""
    if os.fork() == 0:
        return Teller(inner, NAME)


@attack
def two_of_it_hurried(inner):
    """The first one waits until the copy has sent its results."""
    import threading

    if os.fork() == 0:
        real = os.getpid
        parent = os.getppid()
        os.getpid = lambda: parent if real() else 0
        return Teller(inner, NAME)
    time.sleep(0.3)
    assert threading


@attack
def pipes_closed(inner):
    os.closerange(3, 256)


@attack
def pipes_exchanged(inner):
    null = os.open("/dev/null", os.O_RDWR)
    for number in range(3, 40):
        attempt(os.dup2, null, number)


@attack
def pipes_full(inner):
    """Whoever reads the other end has more to read than there is memory."""

    def flood():
        while True:
            for number in range(1, 40):
                attempt(fcntl.fcntl, number, fcntl.F_SETFL, os.O_NONBLOCK)
                attempt(os.write, number, b"\n" * 65536)

    detached(flood)
    time.sleep(1)


@attack
def pipes_changed(inner):
    for number in range(0, 40):
        attempt(fcntl.fcntl, number, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC | os.O_APPEND)
        attempt(fcntl.fcntl, number, 1031, 4096)
        attempt(fcntl.fcntl, number, fcntl.F_SETOWN, os.getppid())
        attempt(fcntl.fcntl, number, fcntl.F_SETPIPE_SZ if hasattr(fcntl, "F_SETPIPE_SZ") else 0)


@attack
def pipes_read(inner):
    """What is meant for the warm interpreter, taken away before it reads it."""
    for number in range(0, 40):
        attempt(fcntl.fcntl, number, fcntl.F_SETFL, os.O_NONBLOCK)
        spill(attempt(os.read, number, 1 << 16) or b"")
        spill(attempt(os.pread, number, 1 << 16, 0) or b"")


@attack
def large_outputs(inner):
    import numpy

    class Large(object):
        classes_ = inner.classes_

        def predict(self, X):
            return numpy.broadcast_to(numpy.float64(1), (1 << 40,))

    return Large()


@attack
def many_results(inner):
    for _ in range(200):
        shout(frame(dict(RESULT, batch=0)) * 50)


@attack
def error_as_frame(inner):
    raise ValueError(frame(RESULT).decode("latin-1") * 1000)
