"""The orchestrator's end of a packed agent in a process of its own."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

from support import PACKED, frame

START = (
    "import sys; text = open(sys.argv[1]).read(); exec(compile(text, 'shelflife-agent.py', 'exec'),"
    " {'__name__': 'shelflife_agent', '__builtins__': __builtins__, '__agent__': text})"
)
# How another rank gets it: from rank 0, over the socket in their common folder.
FOLLOW = """
import os, socket, time
for _ in range(3000):
    try:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect('ranks.sock')
        break
    except OSError:
        s.close()
        time.sleep(0.01)
s.sendall(os.environ['OMPI_COMM_WORLD_RANK'].encode() + b'\\n')
os.dup2(s.fileno(), 0); os.dup2(s.fileno(), 1)
n = b''
while not n.endswith(b'\\n'): n += os.read(0, 1)
text = b''
while len(text) < int(n): text += os.read(0, int(n) - len(text))
text = text.decode()
scope = {'__name__': 'shelflife_agent', '__agent__': text}
exec(compile(text, 'shelflife-agent.py', 'exec'), scope)
"""
LIMITS = {"seconds": 30.0, "memory_bytes": 4 << 30}
# A format whose artifacts are Python that gives a model.
HANDLER = """
def save(estimator, path, options, dataset):
    raise Unsupported("only for reading")

def load(path, options):
    scope = {"__name__": "artifact"}
    with open(path) as source:
        exec(compile(source.read(), "artifact.py", "exec"), scope)
    return scope["model"]
"""
MODEL = """
class Model(object):
    def predict(self, X):
        return X[:, 0] * 2
model = Model()
"""


def variables(rank=0, ranks=0):
    """Variables with which an interpreter does not find the package that the other tests import,
    and writes nothing beside what it imports."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    if ranks:
        kept.update(OMPI_COMM_WORLD_RANK=str(rank), OMPI_COMM_WORLD_SIZE=str(ranks))
    return kept


def started(program, **more):
    """An interpreter that executes the agent."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-s", "-c", program, PACKED], stdin=pipe, stdout=pipe, stderr=pipe, **more
    )


class Agent(object):
    """The orchestrator's end."""

    def __init__(self, handlers, ranks=0):
        self.folder = tempfile.mkdtemp()
        self.scratch, self.objects = (self.path(name) for name in ("scratch", "objects"))
        os.mkdir(self.scratch)
        os.mkdir(self.objects)
        self.batches = 0
        self.process = started(START, cwd=self.folder, env=variables(0, ranks))
        # As a launcher would start them.
        self.others = [
            started(FOLLOW, cwd=self.folder, env=variables(rank, ranks)) for rank in range(1, ranks)
        ]
        self.write_dataset()
        self.ready = self.ask(
            op="hello", scratch=self.scratch, handlers=handlers, cage=self.cage()
        )[0]

    def cage(self):
        """As an interpreter without a cage around it is told."""
        stage = self.path("scratch", "stage")
        os.mkdir(stage)
        return {
            "caged": False,
            "trusts": False,
            "scratch": self.scratch,
            "stage": stage,
            "objects": self.objects,
            "protected": [],
            "homes": [os.path.expanduser("~")],
            "most_processes": 512,
            "hidden": ["kcore", "keys"],
            "filters": {},
        }

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write_dataset(self):
        header = {"layout": "array", "dtype": "float64", "rows": 2, "dataframe": False}
        header.update(columns=[{"name": "a", "dtype": "float64"}], target=None)
        text = json.dumps(header).encode("ascii")
        with open(self.path("objects", "data"), "wb") as target:
            target.write(struct.pack("<Q", len(text)) + text + struct.pack("<2d", 1, 2))

    def ask(self, **request):
        self.process.stdin.write(frame(request))
        self.process.stdin.flush()
        return self.answer()

    def answer(self):
        head = self.process.stdout.read(8)
        if len(head) < 8:
            raise AssertionError("it ended: %s" % self.process.stderr.read().decode("utf-8"))
        text, payload = struct.unpack("<II", head)
        message = json.loads(self.process.stdout.read(text).decode("utf-8"))
        return message, self.process.stdout.read(payload)

    def batch(self, *artifacts, **more):
        """What is answered to a batch of cells, one for each text of an artifact."""
        self.batches += 1
        tasks = []
        for number, text in enumerate(artifacts):
            path = self.path("objects", "artifact%d" % number)
            with open(path, "w") as target:
                target.write(text)
            task = {"kind": "cell", "artifact": path, "handler": "own", "options": {}, "seed": 1}
            task.update(inputs=self.path("objects", "data"), methods=None, arrays=None)
            tasks.append(dict(task, **more))
        answers = [self.ask(op="batch", batch=self.batches, tasks=tasks, limits=LIMITS)]
        while answers[-1][0]["op"] != "ended":
            answers.append(self.answer())
        return answers

    def close(self):
        for process in [self.process] + self.others:
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()
            process.wait()
        shutil.rmtree(self.folder)


def source(text, foreign=True):
    return {"own": {"name": "own", "file": "own.py", "text": text, "foreign": foreign}}
