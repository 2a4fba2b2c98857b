"""AdaBoostClassifier has no parameter algorithm since scikit-learn 1.8 and a word that warns in 1.6
and 1.7; releases up to 1.5 ask for it when they predict. Since 1.6 it is always SAMME."""


@mend("sklearn", "AdaBoostClassifier", written=">=1.6", read="<1.6")
def algorithm_is_samme(it):
    if it.get("algorithm") != "SAMME":
        it.set("algorithm", "SAMME", "what the writer knows only")
