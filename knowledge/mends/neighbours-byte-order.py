"""A pickled array has the byte order of the machine that wrote it, and compiled code takes only its
own. Arrays are turned into the reader's order when they have been built, all of them: what an array
holds does not hang on its order."""


@mend("numpy", "ndarray", built=True)
def array_of_this_byte_order(it):
    array = it.owner
    if array.dtype.isnative or not array.flags.writeable:
        return
    array.byteswap(True)
    # In place, since others may hold the array already.
    array.dtype = array.dtype.newbyteorder("=")
    it.said("numbers in the byte order of this machine")
