"""Since scipy 1.9 a frozen distribution has a class of its own, rv_continuous_frozen; before, all
are rv_frozen. A search that drew from one keeps it. It is frozen anew by its name and arguments."""

held("scipy.stats._distn_infrastructure", "*", always=True)
held("scipy.stats._continuous_distns", "*", always=True)
held("scipy.stats._discrete_distns", "*", always=True)


def distribution_name(kind):
    """The name of a distribution in scipy.stats."""
    if not is_gone(kind):
        return getattr(kind, "name", None)
    parts = kind.state if isinstance(kind.state, tuple) else (kind.state,)
    for part in parts:
        if isinstance(part, dict) and part.get("name"):
            return part["name"]
    return gone_name(kind).replace("_gen", "")


def frozen_anew(it, value):
    """A distribution of the reader in the place of a stand-in."""
    if not is_gone(value):
        return value
    state = gone_state(value)
    kind = state.get("dist")
    if kind is None:
        name, arguments, words = distribution_name(value), (), {}
        made = native("scipy.stats", name)
    else:
        name, arguments, words = (
            distribution_name(kind),
            state.get("args", ()),
            state.get("kwds", {}),
        )
        made = native("scipy.stats", name)(*arguments, **words)
    return made


def thawed(it, value):
    """The same anywhere within dictionaries and lists."""
    if is_gone(value) and value.module.startswith("scipy.stats."):
        it.said("%s frozen anew" % distribution_name(gone_state(value).get("dist", value)))
        return frozen_anew(it, value)
    if type(value) is dict:
        return {key: thawed(it, part) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(thawed(it, part) for part in value)
    return value


@mend("sklearn", "BaseEstimator", exactness="exact", late=True)
def distributions_anew(it):
    if type(it.state) is not dict:
        return
    for key in ("param_distributions", "kwargs", "parameter_space"):
        if it.has(key):
            it.state[key] = thawed(it, it.get(key))
