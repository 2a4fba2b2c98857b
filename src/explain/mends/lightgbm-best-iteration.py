"""LightGBM 4 compares the best iteration with a number; without early stopping it is none before,
and -1 or the last one there, which predict the same."""


@mend("lightgbm", "LGBMModel", written="<4.0", read=">=4.0")
def no_best_iteration(it):
    if "_best_iteration" in it.state and it.state["_best_iteration"] is None:
        it.set("_best_iteration", -1, "what the reader keeps where nothing stopped early")
