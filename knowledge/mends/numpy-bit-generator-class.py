"""numpy 2 pickles a bit generator by its class and with a state of two parts, the second its seed
sequence; numpy 1 takes the first alone. The numbers that follow are the same; what is lost is the
ability to spawn generators of it."""

BIT_GENERATORS = "MT19937 PCG64 PCG64DXSM Philox SFC64"


@mend("numpy", BIT_GENERATORS, read="<2")
def without_seed_sequence(it):
    if isinstance(it.state, tuple):
        it.replace(it.state[0], "its state without the seed sequence, which only spawning needs")
