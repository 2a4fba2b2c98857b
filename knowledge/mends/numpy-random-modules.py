"""Since numpy 1.17 a RandomState is restored through numpy.random._pickle, with the state as a
dictionary; earlier releases have one constructor without arguments and a state as a tuple."""


@called("numpy.random._pickle", "__randomstate_ctor", read="<1.17", always=True)
def random_state_before(*anything):
    import numpy

    return numpy.random.RandomState()


class BitGeneratorBefore(object):
    """In the place of a bit generator, which releases before 1.17 do not have."""

    def __setstate__(self, state):
        pass


@called("numpy.random._pickle", "__bit_generator_ctor", read="<1.17", always=True)
def bit_generator_before(*anything):
    return BitGeneratorBefore()


@mend("mtrand", "RandomState", read="")
def random_state_as_tuple(it):
    state = it.state
    if isinstance(state, dict) and "state" in state:
        inner = state["state"]
        made = ("MT19937", inner["key"], inner["pos"], state["has_gauss"], state["gauss"])
        it.state = made
        it.said("the state as a tuple")
