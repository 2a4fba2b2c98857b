"""Files that are damaged or hostile on purpose, to see who notices.

What a file is, its own first bytes say: so this works for formats that a matrix declares, too.
"""

import io
import pickle
import struct
import tarfile

from .errors import Unsupported

# What a bomb unpacks to: more than the default limit of memory.
BOMB = 3 << 30
# What a header claims: one and a half terabytes.
CLAIM = 3 << 39
BLOCK = 16 << 20
# Deeper than any interpreter follows.
DEPTH = 200000


def damage(path, kind):
    """Damage a file in a declared way."""
    with open(path, "rb") as source:
        data = source.read()
    with open(path, "wb") as target:
        target.write(DAMAGES[kind](data))


def truncated(data):
    return data[: len(data) // 2]


def without_last_byte(data):
    return data[:-1]


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


def other_magic(data):
    return b"\0XXX" + data[4:]


def other_format(data):
    """A sound file of another format under this one's name: a pickle, or, where that is what is
    expected, a zip."""
    if unpacked(data)[:1] != b"\x80":
        return pickle.dumps({"coef": [0.5, 0.25]}, protocol=4)
    import zipfile

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("schema.json", "{}")
    return target.getvalue()


def codec(data):
    """The module that unpacks a file, or None."""
    for magic, name in CODECS:
        if data.startswith(magic):
            return __import__(name, fromlist=["compress"])
    return None


def unpacked(data):
    module = codec(data)
    return data if module is None else module.decompress(data)


def bomb(data):
    """A small file of the same kind that unpacks to more than there is."""
    if data[:1] in (b"{", b"["):
        return b"[" * DEPTH
    if data.startswith(b"PK"):
        return with_first_array(data, BOMB, [b"\0" * BLOCK] * (BOMB // BLOCK))
    module = codec(data)
    if module is None:
        raise Unsupported("nothing in this file is compressed: it unpacks to nothing larger")
    # Bytes of that length, which are there. The codecs go on behind the end of a stream, so that
    # one block of zeros serves again and again; zlib does not, and needs one stream.
    head = b"\x80\x04\x8e" + struct.pack("<Q", BOMB)
    block = b"\0" * BLOCK
    if module.__name__ == "zlib":
        packer = module.compressobj(1)
        return (
            packer.compress(head)
            + b"".join(packer.compress(block) for _ in range(BOMB // BLOCK))
            + packer.flush()
        )
    return module.compress(head) + module.compress(block) * (BOMB // BLOCK)


def claim(data):
    """A small file of the same kind that says it holds an array of terabytes."""
    if data.startswith(b"PK"):
        return with_first_array(data, CLAIM, [b"\0" * 64])
    module = codec(data)
    if module is not None:
        return module.compress(claim(module.decompress(data)))
    if data[:1] == b"\x80":
        return (
            joblib_claim()
            if b"joblib" in data[:4096]
            else b"\x80\x04\x8e" + struct.pack("<Q", CLAIM) + b"\0" * 64
        )
    if data[257:262] == b"ustar":
        info = tarfile.TarInfo("model.json")
        info.size = CLAIM
        return info.tobuf(tarfile.GNU_FORMAT).ljust(tarfile.RECORDSIZE, b"\0")
    if data[:1] == b"\x08":
        return data + onnx_claim()
    raise Unsupported("no length is written in this file: there is nothing to claim")


def joblib_claim():
    import numpy
    from joblib.numpy_pickle import NumpyArrayWrapper

    wrapper = NumpyArrayWrapper(numpy.ndarray, (CLAIM // 8,), "C", numpy.dtype("f8"))
    return pickle.dumps(wrapper, protocol=4)[:-1] + b"\0" * 64 + b"."


def onnx_claim():
    """A further weight and output of the graph: messages of protobuf are joined by writing one
    behind the other."""

    def field(number, content):
        return varint(number << 3 | 2) + varint(len(content)) + content

    tensor = (
        varint(1 << 3)
        + varint(CLAIM // 4)
        + varint(2 << 3)
        + varint(1)
        + field(8, b"claim")
        + field(9, b"\0" * 16)
    )
    kind = field(2, field(1, varint(1 << 3) + varint(1)))
    return field(7, field(5, tensor) + field(12, field(1, b"claim") + kind))


def varint(number):
    data = b""
    while number > 127:
        data += bytes([number & 127 | 128])
        number >>= 7
    return data + bytes([number])


def with_first_array(data, size, parts):
    """A zip whose first array is another one: its header says `size` bytes, and these parts
    follow."""
    import zipfile

    import numpy

    header = io.BytesIO()
    shape = (size // 8,)
    numpy.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": shape}
    )
    target, done = io.BytesIO(), False
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(
        target, "w", zipfile.ZIP_DEFLATED
    ) as new:
        for name in old.namelist():
            if done or not name.endswith(".npy"):
                new.writestr(name, old.read(name))
                continue
            done = True
            with new.open(name, "w", force_zip64=True) as member:
                member.write(header.getvalue())
                for part in parts:
                    member.write(part)
    if not done:
        raise Unsupported("no array is in this file: there is nothing to claim")
    return target.getvalue()


CODECS = [
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ", "lzma"),
    (b"\x5d\0\0", "lzma"),
    (b"\x04\x22\x4d\x18", "lz4.frame"),
    (b"\x78", "zlib"),
]
DAMAGES = {
    "truncated": truncated,
    "last-byte": without_last_byte,
    "flipped": flipped,
    "magic": other_magic,
    "empty": lambda data: b"",
    "other-format": other_format,
    "bomb": bomb,
    "claim": claim,
}
