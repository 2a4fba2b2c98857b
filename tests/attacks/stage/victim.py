"""A process of the same user, which has nothing to do with shelflife and wants to be left alone."""

import ctypes
import json
import os
import signal
import sys


def main():
    caught = []
    for number in set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, 32, 33}:
        signal.signal(number, lambda signum, _: caught.append(signum))
    secret = sys.stdin.readline().strip().encode()
    buffer = ctypes.create_string_buffer(secret, 4096)
    file = open(os.path.join(os.environ["HOME"], "victims-file"))
    print(json.dumps({"address": ctypes.addressof(buffer)}), flush=True)
    for _ in iter(sys.stdin.readline, ""):
        is_whole = buffer.value == secret and file.fileno() > 2
        print(json.dumps({"signals": caught, "memory": is_whole}), flush=True)


main()
