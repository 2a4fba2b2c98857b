"""Which names a file may call. Whoever judged the file gives the list; where nobody did, what is
known to run commands is refused."""

HARMLESS_BUILTINS = frozenset(
    "bool bytearray bytes complex dict float frozenset int list object range set slice str tuple"
    " type NotImplemented Ellipsis NoneType long unicode xrange max min sum abs len sorted"
    # What warns or raises is kept as a class, and nothing more.
    " Exception ValueError TypeError KeyError RuntimeError Warning UserWarning FutureWarning"
    " DeprecationWarning".split()
)
BUILTIN_MODULES = ("builtins", "__builtin__")
# Top-level modules that are there to run something or to reach out.
REACHING_OUT = frozenset(
    "asyncio bdb code codeop commands ctypes distutils ensurepip ftplib gc glob http idlelib imp"
    " importlib inspect io linecache marshal multiprocessing nt ntpath os pdb pickle pip pkgutil"
    " platform posix posixpath pty pydoc requests runpy shelve shutil signal site smtplib socket"
    " socketserver ssl subprocess sys tempfile threading timeit trace urllib webbrowser xmlrpc"
    " zipimport _io _pickle _posixsubprocess _thread".split()
)


def with_names_of_today(allowed):
    """The list of names, with those that the names of Python 2 in it have now, which is what files
    of protocols 0 to 2 are read as; what is there to run something only where it was listed
    itself."""
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    names = set(allowed)
    for text in allowed:
        module, _, name = text.partition(":")
        now, called = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        if is_permitted(now, called, None):
            names.add("%s:%s" % (now, called))
    return frozenset(names)


def is_permitted(module, name, allowed):
    """`allowed` are names as "module:name", or None."""
    if allowed is not None:
        return "%s:%s" % (module, name) in allowed
    top = module.split(".")[0]
    if module in BUILTIN_MODULES:
        return name in HARMLESS_BUILTINS
    # A dot in a name reaches an attribute of what is imported: another module, for example.
    return top not in REACHING_OUT and (module, name) not in RUNNING and "." not in name


RUNNING = frozenset(
    [("operator", "attrgetter"), ("operator", "methodcaller"), ("functools", "reduce")]
)
