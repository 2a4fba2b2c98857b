"""LightGBM 4 keeps -1 as the number of classes of what is no classifier, where earlier releases
keep None."""


@mend("lightgbm", "LGBMModel", written="<4.0", read=">=4.0")
def no_classes(it):
    if "_n_classes" in it.state and it.state["_n_classes"] is None:
        it.set("_n_classes", -1, "what the reader keeps where there are no classes")
