# What Python itself sees in artifacts: the names that are imported, and the scikit-learn versions that are recorded.
#
# Python's own unpickler written in Python walks the file, but whatever it would import is replaced by a stub, so that
# nothing is executed. Where a file is a plain pickle, pickletools must agree. Prints one line of JSON a file.
import collections
import io
import json
import pickle
import pickletools
import sys
import zlib


class Stub:
    def __init__(self, path):
        self.path, self.args, self.state = path, (), None

    def __call__(self, *args):
        made = Stub(self.path)
        made.args = args
        return made

    def append(self, item):
        pass

    extend = add = append

    def __setitem__(self, key, value):
        pass


class Recorder(pickle._Unpickler):
    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, file, seen, versions, outermost):
        super().__init__(file, encoding="latin1", fix_imports=False)
        self.file, self.seen, self.versions, self.outermost = file, seen, versions, outermost

    def find_class(self, module, name):
        self.seen[module + ":" + name] += 1
        return Stub(module + ":" + name)

    def load_newobj(self):
        args, made = self.stack.pop(), self.stack.pop()
        self.append(made(*args))

    def load_reduce(self):
        args, function = self.stack.pop(), self.stack.pop()
        if function.path.split(":")[1] in ("_reconstructor", "__newobj__"):
            self.append(args[0]())
        else:
            self.append(function(*args))

    def load_build(self):
        state, made = self.stack.pop(), self.stack[-1]
        made.state = state
        if isinstance(state, dict) and "_sklearn_version" in state:
            self.versions[made.path + " " + state["_sklearn_version"]] += 1
        if made.path == "joblib.numpy_pickle:NumpyArrayWrapper" and self.outermost:
            self.array(state)
            self.stack[-1] = "an array"

    def array(self, state):
        if has_object(state["dtype"]):
            Recorder(self.file, self.seen, self.versions, False).load()
            return
        count = item_size(state["dtype"])
        for size in state["shape"]:
            count *= size
        if state.get("numpy_array_alignment_bytes") is not None:
            self.file.read(self.file.read(1)[0])
        assert len(self.file.read(count)) == count

    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.BUILD[0]] = load_build


def has_object(dtype):
    fields = dtype.state[4]
    return dtype.args[0].startswith("O") or bool(fields) and any(has_object(field[0]) for field in fields.values())


def item_size(dtype):
    if dtype.state[5] >= 0:
        return dtype.state[5]
    size = int("".join(c for c in dtype.args[0] if c.isdigit()))
    return size * 4 if dtype.args[0].startswith("U") else size


def by_pickletools(data):
    seen, memo, last = collections.Counter(), {}, []
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            seen[argument.replace(" ", ":")] += 1
        elif opcode.name == "STACK_GLOBAL":
            seen[last[-2] + ":" + last[-1]] += 1
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = last[-1]
            continue
        elif "PUT" in opcode.name:
            memo[argument] = last[-1]
            continue
        if "GET" in opcode.name:
            last.append(memo[argument])
        else:
            last.append(argument if "UNICODE" in opcode.name else None)
        del last[:-4]
    return seen


for path in sys.argv[1:]:
    with open(path, "rb") as source:
        data = source.read()
    if data[:1] == b"x":
        data = zlib.decompress(data)
    seen, versions = collections.Counter(), collections.Counter()
    Recorder(io.BytesIO(data), seen, versions, True).load()
    if not any(name.endswith(":NumpyArrayWrapper") for name in seen):
        assert by_pickletools(data) == seen, path
    print(json.dumps({"globals": seen, "versions": versions}, sort_keys=True))
