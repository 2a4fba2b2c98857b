"""BSpline of scipy is pickled in other forms since 1.17 and 1.18. Its owner makes it anew from its
knots, coefficients and degree, which all forms hold."""

held("scipy.interpolate._bsplines", "BSpline _BSpline", always=True)
held("scipy._lib.array_api_compat*", always=True)
held("scipy._external.array_api_compat*", always=True)


def spline_parts(gone):
    """The dictionary that holds knots and coefficients, wherever the form keeps it."""
    state = gone.state
    parts = state if isinstance(state, tuple) else (state,)
    for part in parts:
        if is_gone(part) and part.state is not None:
            return spline_parts(part)
        if isinstance(part, dict) and ("t" in part or "_t" in part):
            return part
    return None


@mend("sklearn", "SplineTransformer", late=True)
def splines_anew(it):
    import numpy

    kept = it.get("bsplines_")
    if not kept or not any(is_gone(spline) for spline in kept):
        return
    kind = native("scipy.interpolate", "BSpline")
    made = []
    for spline in kept:
        parts = spline_parts(spline) if is_gone(spline) else vars(spline)
        if parts is None:
            it.refuse("unknown-form", what="BSpline")
        knots = numpy.asarray(parts.get("t", parts.get("_t")))
        values = numpy.asarray(parts.get("c", parts.get("_c")))
        how = (parts.get("extrapolate", True), parts.get("axis", 0))
        made.append(kind(knots, values, int(parts["k"]), *how))
    it.state["bsplines_"] = made
    it.said("bsplines_: made from their knots, coefficients and degree")
