"""The process that stands between the interpreter and one cell: the first one in the cell's
namespaces. When it ends, the kernel ends everything that the cell has started."""

import json
import os
import select
import signal
import socket
import sys
import traceback

from .seccomp import Listener, take_descriptor

# How often to look for the end of the cell while nothing is asked.
TICK = 0.02
# Behind this many, descriptors are looked for one by one in `/proc`.
FEW = 64


class Report(object):
    """The warden's own pipe to the interpreter: one line of JSON for each thing it has to say."""

    def __init__(self, descriptor):
        self.descriptor = descriptor

    def tell(self, message):
        line = json.dumps(message, ensure_ascii=True).encode("ascii") + b"\n"
        try:
            os.write(self.descriptor, line)
        except OSError:
            # Nobody listens any more: then this process is about to be ended.
            pass


def close_all_but(kept):
    """Close every descriptor that is not one of these."""
    try:
        found = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        found = list(range(FEW))
    for descriptor in found:
        if descriptor not in kept:
            try:
                os.close(descriptor)
            except OSError:
                pass


def guard(report, build, run, calls, own_folders):
    """Build the cell's view, fork the cell, answer what it asks, and tell how it ended. `run` gets
    the cell's end of a socket. Never returns."""
    try:
        build()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        cell = os.fork()
        if cell == 0:
            ours.close()
            run(theirs)
        theirs.close()
        watch_over(cell, report, ours, calls, own_folders)
        os._exit(0)
    except BaseException:
        report.tell({"trouble": traceback.format_exc()[-2000:]})
        sys.stderr.flush()
    finally:
        os._exit(70)


def watch_over(cell, report, connection, calls, own_folders):
    # The descriptors of the cell are its own; in here they would only keep pipes open.
    close_all_but({0, 1, 2, report.descriptor, connection.fileno()})
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    descriptor = take_descriptor(connection)
    connection.close()
    listener = None
    if descriptor is not None:
        listener = Listener(
            descriptor,
            calls,
            [os.fsencode(folder) for folder in own_folders],
            lambda attempt: report.tell({"tried": attempt}),
        )
    while True:
        if listener is None:
            done, status = os.waitpid(-1, 0)
        else:
            if not listener.serve(TICK):
                listener = None
            done, status = os.waitpid(-1, os.WNOHANG)
        if done == cell:
            report.tell({"status": status})
            return


def read_lines(descriptor, buffer):
    """What a warden has told by now: complete lines as values; None at the end of its pipe."""
    if not select.select([descriptor], [], [], 0)[0]:
        return []
    data = os.read(descriptor, 1 << 16)
    if not data:
        return None
    buffer += data
    lines = bytes(buffer).split(b"\n")
    buffer[:] = lines.pop()
    return [json.loads(line.decode("ascii")) for line in lines]
