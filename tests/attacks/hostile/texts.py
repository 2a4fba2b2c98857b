"""Texts for whoever reads what shelflife says: terminals, browsers, spreadsheets, build servers."""

import os
import sys
import warnings

from tools import NAME, attack

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b[31mTOOK\x9b31m\rOVER\x08\x7f"
PAGE = "</script><script>window.hostile=1</script><img src=x onerror=hostile()>"
MARKDOWN = (
    "![x](javascript:hostile()) | a | b |\n\n# Hostile heading\n\n<img src=x onerror=hostile()>"
)
FORMULA = '=HYPERLINK("http://127.0.0.1/","x")'
COMMANDS = (
    "\n::error file=x::hostile\n::add-mask::identical\n##vso[task.complete result=Succeeded;]"
)
ODD = "\x00\ud800\ufffe\u202egnorw\u2066\u200b"


def named(name, base=Exception):
    return type(name, (base,), {})


@attack
def escapes_in_message(inner):
    raise ValueError(ESCAPES)


@attack
def escapes_in_class(inner):
    raise named(ESCAPES)(ESCAPES)


@attack
def escapes_in_module(inner):
    kind = named("Worst")
    kind.__module__ = kind.__qualname__ = ESCAPES
    raise kind("of all")


@attack
def escapes_in_warning(inner):
    warnings.warn(ESCAPES, stacklevel=1)
    sys.stderr.write(ESCAPES)
    sys.stdout.write(ESCAPES)


@attack
def escapes_at_the_end(inner):
    os.write(2, ESCAPES.encode("utf-8", "surrogatepass"))
    os.abort()


@attack
def escapes_in_labels(inner):
    import numpy

    inner.classes_ = numpy.array([ESCAPES + str(i) for i in range(len(inner.classes_))])


@attack
def page_in_message(inner):
    raise named(PAGE)(PAGE)


@attack
def page_in_labels(inner):
    import numpy

    inner.classes_ = numpy.array([PAGE + str(i) for i in range(len(inner.classes_))])


@attack
def page_by_default(inner):
    """What stands in the data of the page rather than in its text."""
    raise ValueError("\u2028\u2029 --></script><!-- ]]> " + PAGE)


@attack
def markdown_in_message(inner):
    raise named("Worst`|*_")(MARKDOWN)


@attack
def formula_in_message(inner):
    raise named(FORMULA)(FORMULA)


@attack
def formula_in_warning(inner):
    warnings.warn(FORMULA, stacklevel=1)
    raise ValueError("\t" + FORMULA)


@attack
def commands_in_message(inner):
    raise ValueError(COMMANDS)


@attack
def commands_printed(inner):
    print(COMMANDS, flush=True)
    print(COMMANDS, file=sys.stderr, flush=True)
    os.abort()


@attack
def odd_characters(inner):
    raise named("Odd\u202e")(ODD)


@attack
def odd_bytes(inner):
    os.write(2, b"\xff\xfe\x00\xc0\x80\xed\xa0\x80")
    os.abort()


@attack
def huge_message(inner):
    raise ValueError("x" * (50 << 20))


@attack
def huge_class(inner):
    raise named("X" * (1 << 20))("x")


@attack
def many_lines(inner):
    raise ValueError("error: cells: 1 of 1\n" * 100000)


@attack
def false_success(inner):
    print("cells: 100 of 100\n\nall 100 cells are identical\nexit code: 0", file=sys.stderr)
    raise ValueError("\nall cells are identical\n")


@attack
def silent(inner):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no words")

        __repr__ = __str__

    raise Mute()


@attack
def no_text(inner):
    class Number(Exception):
        def __str__(self):
            return 42

    raise Number()


@attack
def endless_text(inner):
    class Endless(Exception):
        def __str__(self):
            while True:
                pass

    raise Endless()


@attack
def fatal_text(inner):
    class Fatal(Exception):
        def __str__(self):
            os._exit(0)

    raise Fatal()


@attack
def text_that_is_none(inner):
    class Text(str):
        def encode(self, *_):
            return b"\x1b[31m"

        def __len__(self):
            return 0

        __getitem__ = __add__ = replace = splitlines = lambda self, *_: self

    class Strange(Exception):
        def __str__(self):
            return Text("\x1b[31m strange")

    raise Strange()


@attack
def base_exception(inner):
    raise named("Worst", BaseException)("of all")


@attack
def exits(inner):
    raise SystemExit(0)


@attack
def interrupts(inner):
    raise KeyboardInterrupt(NAME)


@attack
def generator_exit(inner):
    raise GeneratorExit


@attack
def causes_in_a_circle(inner):
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first


@attack
def causes_without_end(inner):
    error = None
    for number in range(50000):
        following = ValueError(str(number))
        following.__context__ = error
        error = following
    raise error


@attack
def last_words(inner):
    class Last(object):
        def __del__(self):
            raise RuntimeError(ESCAPES)

    Last()


@attack
def deep_recursion(inner):
    sys.setrecursionlimit(10**9)

    def down(n):
        return down(n + 1)

    down(0)


@attack
def deep_value(inner):
    value = []
    for _ in range(10**6):
        value = [value]
    inner.deep = value
    return repr(value) and inner


@attack
def warnings_without_end(inner):
    for number in range(20000):
        warnings.warn("flood %d %s" % (number, ESCAPES), stacklevel=1)


@attack
def printed_without_end(inner):
    for _ in range(1000):
        sys.stdout.write("x" * 65536)
        sys.stderr.write("y" * 65536)


@attack
def label_objects(inner):
    class Label(object):
        def __repr__(self):
            return ESCAPES

        def __eq__(self, other):
            raise RuntimeError(PAGE)

        __hash__ = None

    class Model(object):
        def predict(self, X):
            import numpy

            return numpy.array([Label() for _ in X], dtype=object)

    return Model()


@attack
def strange_outputs(inner):
    import numpy

    class Model(object):
        def predict(self, X):
            return numpy.zeros(len(X), dtype=[(ESCAPES, float), (PAGE, "U9")])

        def predict_proba(self, X):
            return {ESCAPES: [PAGE] * len(X)}

        def decision_function(self, X):
            return iter(lambda: ESCAPES, None)

    return Model()


@attack
def never_the_same(inner):
    class Model(object):
        def __getattribute__(self, name):
            raise named(ESCAPES)(name)

    return Model()


@attack
def class_that_lies(inner):
    class Model(object):
        __class__ = property(lambda self: os._exit(0))

        def predict(self, X):
            return [ESCAPES] * len(X)

    return Model()


@attack
def array_that_lies(inner):
    import numpy

    class Array(numpy.ndarray):
        shape = property(lambda self: (1 << 62,))
        nbytes = itemsize = size = property(lambda self: 1 << 62)

        def tobytes(self, *_):
            return b"\x1b" * 10

        def __array_finalize__(self, other):
            pass

    class Model(object):
        def predict(self, X):
            return numpy.zeros(len(X)).view(Array)

    return Model()
