"""Mending: a model of other releases is read, corrected while it is built, and written natively.

This package knows no class of any library: what has to be corrected stands in the files of
`knowledge/mends`, one a known cause, which arrive as texts. Standard library only (numpy inside
functions), Python 3.6 and later. It also runs alone: the modules below, put one after another in
this order without their imports of each other, are one file; so no two have a top-level name in
common. Imports go one way, from each line to those above it:

    releases      versions, and what is said of them
    standins      what stands in the place of a class that is gone
    registry      the mends of all files, and which of them apply
    containers    compression around a file, off and on again
    framing       arrays that joblib writes between the opcodes
    patient       one object whose state is being mended
    generic       defaults of parameters
    permits       which names may be called
    dilling       what dill and cloudpickle write where pickle writes a name
    unpickling    the reader
    placing       where in a model an object is
    reckoning     what became of every key
    writing       the model as bytes of the original's kind
    mender        the whole of it: `mend_file`
"""

from .mender import mend_file

__all__ = ["mend_file"]
