"""AdditiveChi2Sampler computes its interval from its parameters since scikit-learn 1.3; before, fit
stored it as sample_interval_."""

CHI2_INTERVALS = {1: 0.8, 2: 0.5, 3: 0.4}


@mend("sklearn", "AdditiveChi2Sampler", read="<1.3")
def chi2_interval(it):
    interval = it.get("sample_interval")
    if interval is None:
        interval = CHI2_INTERVALS.get(it.get("sample_steps"))
    if interval is not None:
        it.add("sample_interval_", interval, "what the parameters come to")
