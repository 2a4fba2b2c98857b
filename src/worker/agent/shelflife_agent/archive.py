"""A folder as one file, and the other way round."""

import os
import shutil
import tarfile

# What a file may unpack to, at most.
MOST_UNPACKED = 4 << 30


def pack(folder, path):
    """A folder as one file whose bytes depend on names and contents only."""
    entries = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in folders + files:
            full = os.path.join(root, name)
            entries.append((os.path.relpath(full, folder), full))
    with open(path, "wb") as target, tarfile.open(
        fileobj=target, mode="w", format=tarfile.USTAR_FORMAT
    ) as archive:
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
    """The folder of a file that `pack` wrote. Whatever else it may be: nothing lands outside of the
    folder."""
    total = 0
    # An archive that lost its end reads as a shorter one.
    if os.path.getsize(path) % tarfile.RECORDSIZE or not os.path.getsize(path):
        raise tarfile.ReadError("the archive of the folder was truncated")
    with tarfile.open(path, mode="r:") as archive:
        for info in archive:
            parts = info.name.split("/")
            if info.name.startswith("/") or ".." in parts or not (info.isdir() or info.isreg()):
                raise tarfile.TarError(
                    "the archive of the folder holds %r, which is not a file below it" % info.name
                )
            target = os.path.join(folder, *parts)
            if info.isdir():
                if not os.path.isdir(target):
                    os.makedirs(target)
                continue
            total += info.size
            if total > MOST_UNPACKED:
                raise MemoryError(
                    "the archive of the folder unpacks to more than %d bytes" % MOST_UNPACKED
                )
            if not os.path.isdir(os.path.dirname(target)):
                os.makedirs(os.path.dirname(target))
            source = archive.extractfile(info)
            with open(target, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
    return folder
