"""Up to scipy 1.5 the state of a distribution is a pair, since 1.6 a dictionary. Those that scipy
defines are known by their names, and have no state of their own."""

import importlib


@remade("scipy.stats._continuous_distns", "*_gen", always=True)
@remade("scipy.stats._discrete_distns", "*_gen", always=True)
def distribution_by_name(gone):
    parts = gone.state if isinstance(gone.state, tuple) else (gone.state,)
    for part in parts:
        if isinstance(part, dict) and part.get("name"):
            return getattr(importlib.import_module("scipy.stats"), part["name"], None)
    return None
