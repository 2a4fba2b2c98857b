"""Since scikit-learn 1.2 the bandwidth of KernelDensity may be a rule, and what it came to is
kept as bandwidth_."""


@mend("sklearn", "KernelDensity", read=">=1.2")
def bandwidth_as_number(it):
    if not isinstance(it.get("bandwidth"), str) and it.has("tree_"):
        it.add("bandwidth_", it.get("bandwidth"))


@mend("sklearn", "KernelDensity", read="<1.2")
def bandwidth_in_parameter(it):
    if isinstance(it.get("bandwidth"), str) and it.has("bandwidth_"):
        it.set("bandwidth", it.get("bandwidth_"), "what the rule came to")
