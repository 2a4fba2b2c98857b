"""XGBoost 2.0 put device in the place of gpu_id and predictor: none is the CPU, as what was
fitted without them."""


@mend("xgboost", "XGBModel", written=">=2.0", read="<2.0")
def no_device_by_number(it):
    for name in ("gpu_id", "predictor"):
        if name not in it.state and takes(type(it.owner), name):
            it.set(name, None, "what the reader does on a machine that was not told of a GPU")
