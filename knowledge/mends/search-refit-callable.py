"""Halving searches of scikit-learn 0.24 keep the private function _refit_callable, which fitting
alone asks for; refit is true where it stood."""

held("sklearn.model_selection._search_successive_halving", "_refit_callable")


@mend("sklearn", "BaseSuccessiveHalving")
def refit_as_flag(it):
    if is_gone(it.get("refit")):
        it.set("refit", True, "the function was the default")
