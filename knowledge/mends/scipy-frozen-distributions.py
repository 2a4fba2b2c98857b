"""Since scipy 1.9 a frozen distribution has a class of its own, rv_continuous_frozen; before, all
are rv_frozen. A search that drew from one keeps it. It is frozen anew by its name and arguments."""


@remade(
    "scipy.stats._distn_infrastructure",
    "rv_frozen rv_continuous_frozen rv_discrete_frozen",
    always=True,
)
def frozen_anew(gone):
    state = gone_state(gone)
    name = getattr(state.get("dist"), "name", None)
    if name is None or not hasattr(native("scipy", "stats"), name):
        return None
    return native("scipy.stats", name)(*state.get("args", ()), **state.get("kwds", {}))
