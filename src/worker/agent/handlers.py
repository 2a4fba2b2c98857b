# shelflife agent, part 4 of 10: how a fitted estimator is written and read.
#
# A handler is a Python file of its own that the orchestrator sends. It has `save(estimator, path, options, dataset)`,
# which may return the names of the outputs that the artifact holds, and `load(path, options)`, which gives an object
# with those outputs as methods. Optional: SAVE_NEEDS and LOAD_NEEDS (pairs of a module and the package that brings
# it), FOLDER (the artifact is a folder), PRELOAD (modules that many cells will need).
import importlib.util
import shutil
import tarfile

# What a file may unpack to, at most.
MOST_UNPACKED = 4 << 30


class Unsupported(Exception):
    """The format does not apply to this estimator or environment."""


class Missing(Exception):
    """Something must be installed first; says what and how."""


SOURCES = {}
LOADED = {}


def handler(name):
    """The handler's globals; its file is executed at its first use."""
    if name not in LOADED:
        source = SOURCES[name]
        scope = {
            "__name__": "shelflife_format_" + source["name"],
            "__file__": source["file"],
            "__shelflife__": not source["foreign"],
            "Unsupported": Unsupported,
            "Missing": Missing,
        }
        exec(compile(source["text"], source["file"], "exec"), scope)
        for function in ("save", "load"):
            if not callable(scope.get(function)):
                raise TypeError("%s defines no %s" % (source["file"], function))
        LOADED[name] = scope
    return LOADED[name]


def is_there(module):
    """Whether a module could be imported, without importing it."""
    if module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, AttributeError, ValueError):
        return False


def check_needs(scope, key):
    for module, package in scope.get(key, ()):
        if not is_there(module):
            if module == "sklearn":
                raise Unsupported("reading it needs scikit-learn, which is not installed there")
            raise Missing("%s is not installed there: add it to the packages of the environment" % package)


def save_artifact(estimator, saving, dataset):
    """Write one artifact; gives the outputs that it holds, or None for all that the estimator offers."""
    scope = handler(saving["handler"])
    check_needs(scope, "SAVE_NEEDS")
    path = saving["path"]
    if not scope.get("FOLDER"):
        outputs = scope["save"](estimator, path, saving["options"], dataset)
    else:
        folder = path + ".folder"
        os.mkdir(folder)
        try:
            outputs = scope["save"](estimator, folder, saving["options"], dataset)
            pack(folder, path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if saving["options"].get("damage"):
        damage(path, saving["options"]["damage"])
    return None if outputs is None else list(outputs)


def load_artifact(task):
    """The object that predicts."""
    scope = handler(task["handler"])
    check_needs(scope, "LOAD_NEEDS")
    path = task["artifact"]
    if scope.get("FOLDER"):
        path = unpack(path, tempfile.mkdtemp(prefix="artifact-", dir=os.getcwd()))
    return scope["load"](path, task["options"])


def pack(folder, path):
    """A folder as one file whose bytes depend on names and contents only."""
    entries = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in folders + files:
            full = os.path.join(root, name)
            entries.append((os.path.relpath(full, folder), full))
    with open(path, "wb") as target, tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, full in sorted(entries):
            info = tarfile.TarInfo(name)
            if os.path.isdir(full):
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(info)
            else:
                info.size, info.mode = os.path.getsize(full), 0o644
                with open(full, "rb") as source:
                    archive.addfile(info, source)


def unpack(path, folder):
    """The folder of a file that `pack` wrote. Whatever else it may be: nothing lands outside of the folder."""
    total = 0
    # An archive that lost its end reads as a shorter one.
    if os.path.getsize(path) % tarfile.RECORDSIZE or not os.path.getsize(path):
        raise tarfile.ReadError("the archive of the folder was truncated")
    with tarfile.open(path, mode="r:") as archive:
        for info in archive:
            parts = info.name.split("/")
            if info.name.startswith("/") or ".." in parts or not (info.isdir() or info.isreg()):
                raise tarfile.TarError("the archive of the folder holds %r, which is no file below it" % info.name)
            target = os.path.join(folder, *parts)
            if info.isdir():
                if not os.path.isdir(target):
                    os.makedirs(target)
                continue
            total += info.size
            if total > MOST_UNPACKED:
                raise MemoryError("the archive of the folder unpacks to more than %d bytes" % MOST_UNPACKED)
            if not os.path.isdir(os.path.dirname(target)):
                os.makedirs(os.path.dirname(target))
            source = archive.extractfile(info)
            with open(target, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
    return folder
