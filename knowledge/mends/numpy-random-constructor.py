"""How a random generator is rebuilt has changed in numpy 1.17, 1.24 and 2.0: with the name of its
bit generator, with its class, with the bit generator itself. All of them are understood here."""


def bit_generator_here(value):
    """A bit generator of the reader, by its name, its class or itself. Its state comes later; with
    a seed, what the state leaves as it was is the same each time."""
    import numpy

    if isinstance(value, bytes):
        value = value.decode("ascii")
    if not isinstance(value, (str, type)):
        return value
    name = value if isinstance(value, str) else value.__name__
    return getattr(numpy.random, name)(0)


@called("numpy.random._pickle", "__bit_generator_ctor", read=">=1.17", always=True)
def bit_generator_by_any_name(value="MT19937", *others):
    return bit_generator_here(value)


@called("numpy.random._pickle", "__randomstate_ctor", read=">=1.17", always=True)
@called("numpy.random", "__RandomState_ctor", read=">=1.17", always=True)
def random_state_of_any_release(value="MT19937", *others):
    import numpy

    return numpy.random.RandomState(bit_generator_here(value))


@called("numpy.random._pickle", "__generator_ctor", read=">=1.17", always=True)
def generator_of_any_release(value="MT19937", *others):
    import numpy

    return numpy.random.Generator(bit_generator_here(value))


@called("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence", always=True)
@called("numpy.random._bit_generator", "__pyx_unpickle_SeedSequence", always=True)
def seed_sequence_of_any_release(cls, checksum, state):
    """Its parts by the order of their names; Cython compares a number of the layout instead."""
    import numpy

    if state is None:
        return numpy.random.SeedSequence(0)
    entropy, spawned, _, size, key = state[:5]
    return numpy.random.SeedSequence(
        entropy, spawn_key=key, pool_size=size, n_children_spawned=spawned
    )
