"""A compiled loss is rebuilt by a function that Cython made, which checks the layout by a number
and is not there in every release. What it does is to make the class with the numbers that
follow; that is done here."""


@called("sklearn._loss._loss", "__pyx_unpickle_*", always=True)
@called("_loss", "__pyx_unpickle_*", always=True)
def compiled_loss(cls, checksum, state):
    return cls(*state) if state else cls()
