"""XGBClassifier has the parameter use_label_encoder in 1.3 to 1.7. Before, labels always went
through an encoder, which is kept; later, never."""


@mend("xgboost", "XGBClassifier XGBRFClassifier", read=">=1.3,<2.0")
def label_encoder(it):
    if "use_label_encoder" not in it.state:
        it.set("use_label_encoder", "_le" in it.state, "what the writer does without the parameter")
