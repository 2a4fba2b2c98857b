"""StackingClassifier keeps its label encoder as _label_encoder since scikit-learn 1.2, as _le
before."""


@mend("sklearn", "StackingClassifier", read=">=1.2")
def label_encoder_to_new_name(it):
    it.rename("_le", "_label_encoder")


@mend("sklearn", "StackingClassifier", read="<1.2")
def label_encoder_to_old_name(it):
    it.rename("_label_encoder", "_le")
