"""Arrays that joblib writes between the opcodes: a small object says dtype, shape and order, and
the bytes follow it."""

FRAME_MODULES = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
FRAME_NAME = "NumpyArrayWrapper"


class FrameCut(Exception):
    """A file ends within an array."""


class ArrayFrame(object):
    """What joblib calls NumpyArrayWrapper, of any release since 0.10."""

    def read(self, source, nested):
        """The array; `nested` reads a pickle of its own from where the file stands."""
        if self.dtype.hasobject:
            return nested()
        if self.__dict__.get("numpy_array_alignment_bytes") is not None:
            source.read(exactly(source, 1)[0])
        count = 1
        for size in self.shape:
            count *= int(size)
        return self.shaped(exactly(source, count * self.dtype.itemsize), count)

    def shaped(self, data, count):
        import numpy

        array = numpy.frombuffer(bytearray(data), dtype=self.dtype, count=count)
        if self.order == "F":
            array = array.reshape(self.shape[::-1]).transpose()
        else:
            array = array.reshape(self.shape)
        if getattr(self.subclass, "__name__", "") == "matrix":
            array = array.view(self.subclass)
        return array


def exactly(source, count):
    data = source.read(count)
    if len(data) != count:
        raise FrameCut("an array of %d bytes ends after %d" % (count, len(data)))
    return data
