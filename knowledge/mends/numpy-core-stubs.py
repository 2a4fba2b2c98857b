"""numpy 1.26 has stand-ins for some modules of numpy 2, but none for numpy._core.numeric, which
rebuilds arrays of protocol 5; releases before 1.16 have no function for it at all."""


@called("numpy*.core.numeric", "_frombuffer")
@called("numpy*._core.numeric", "_frombuffer")
def array_of_buffer(buffer, dtype, shape, order):
    import numpy

    return numpy.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)
