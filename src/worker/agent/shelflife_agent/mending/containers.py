"""Compression around a file: what a file begins with says which. An interpreter may have been built
without one of the modules, so that each is imported where it is needed."""

import io

# The bytes that files begin with. That of lzma is a property byte and the low byte of a size.
BEGINNINGS = (
    ("gzip", b"\x1f\x8b"),
    ("bz2", b"BZh"),
    ("xz", b"\xfd7zXZ\x00"),
    ("lzma", b"]\x00"),
    ("lz4", b"\x04\x22\x4d\x18"),
    ("zlib", b"\x78\x01"),
    ("zlib", b"\x78\x5e"),
    ("zlib", b"\x78\x9c"),
    ("zlib", b"\x78\xda"),
)


def compression_of(data):
    """The name of a compression, as joblib calls it; None of plain bytes."""
    for name, beginning in BEGINNINGS:
        if data.startswith(beginning):
            return name
    return None


def decompressed(data, compression):
    if compression is None:
        return data
    if compression == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=io.BytesIO(data)).read()
    if compression == "bz2":
        import bz2

        return bz2.BZ2File(io.BytesIO(data)).read()
    if compression in ("xz", "lzma"):
        import lzma

        return lzma.decompress(data)
    if compression == "lz4":
        import lz4.frame

        return lz4.frame.decompress(data)
    import zlib

    return zlib.decompress(data)


def compressed(data, compression):
    if compression is None:
        return data
    if compression == "gzip":
        import gzip

        target = io.BytesIO()
        # No name and no time in the header: equal models give equal bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as stream:
            stream.write(data)
        return target.getvalue()
    if compression == "bz2":
        import bz2

        return bz2.compress(data)
    if compression in ("xz", "lzma"):
        import lzma

        kind = lzma.FORMAT_XZ if compression == "xz" else lzma.FORMAT_ALONE
        return lzma.compress(data, kind)
    if compression == "lz4":
        import lz4.frame

        return lz4.frame.compress(data)
    import zlib

    return zlib.compress(data)
