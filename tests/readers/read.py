# Reads cases as every reader of this interpreter does, and prints for each case which of them ran its marker.
#
# A case is a length of four bytes and so many bytes. `evil_marker` is a module that is not there: it is made up here,
# and all that it does is to count.
import importlib.machinery
import io
import os
import pickle
import signal
import struct
import sys
import tempfile
import types
import warnings

warnings.simplefilter("ignore")
ran = []


class Finder:
    """Whatever is asked for by the name of the marker is imported, which is an execution already."""

    def find_module(self, name, path=None):
        return self if name.startswith("evil_marker") else None

    def load_module(self, name):
        ran.append("import")
        return self.made(name)

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name.startswith("evil_marker") else None

    def create_module(self, spec):
        ran.append("import")
        return self.made(spec.name)

    def exec_module(self, module):
        pass

    def made(self, name):
        module = types.ModuleType(name)
        module.run = lambda *args, **kwargs: ran.append("run")
        module.Run = type("Run", (), {"__new__": lambda cls, *args, **kwargs: ran.append("run") or object.__new__(cls)})
        sys.modules[name] = module
        return module


sys.meta_path.insert(0, Finder())


def in_file(data, reader, **options):
    path = os.path.join(folder, "case")
    with open(path, "wb") as out:
        out.write(data)
    with open(path, "rb", **options) as source:
        reader(source)


def twice(source):
    pickle.load(source)
    pickle.load(source)


READERS = [
    ("c", pickle.loads),
    ("c memory file", lambda data: pickle.load(io.BytesIO(data))),
    ("c file", lambda data: in_file(data, pickle.load)),
    ("c small buffer", lambda data: in_file(data, pickle.load, buffering=16)),
    ("c unbuffered", lambda data: in_file(data, pickle.load, buffering=0)),
    ("python", pickle._loads),
    ("twice", lambda data: twice(io.BytesIO(data))),
]
try:
    import joblib

    READERS.append(("joblib", lambda data: in_file(data, lambda source: joblib.load(source.name))))
except ImportError:
    pass


class TooLong(BaseException):
    pass


def alarm(*_):
    raise TooLong


def read(reader, data):
    del ran[:]
    for name in [name for name in sys.modules if name.startswith("evil_marker")]:
        del sys.modules[name]
    try:
        signal.alarm(5)
        try:
            reader(data)
        finally:
            signal.alarm(0)
    except (Exception, TooLong):
        pass
    return bool(ran)


def main():
    signal.signal(signal.SIGALRM, alarm)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    except ImportError:
        pass
    with open(sys.argv[1], "rb") as source:
        cases = source.read()
    at = 0
    while at < len(cases):
        (length,) = struct.unpack_from("<I", cases, at)
        data = cases[at + 4 : at + 4 + length]
        at += 4 + length
        # Whatever a mutation prints is no answer.
        answer = ",".join(name for name, reader in READERS if read(reader, data))
        os.write(answers, answer.encode() + b"\n")


answers = os.dup(1)
os.dup2(2, 1)
with tempfile.TemporaryDirectory() as folder:
    main()
