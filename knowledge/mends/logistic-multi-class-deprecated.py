"""From scikit-learn 1.5 to 1.7 the default of multi_class is the word 'deprecated', which means
'auto' there; earlier releases take it for 'multinomial'."""


@mend("sklearn", "LogisticRegression", written=">=1.5", read="<1.5", late=True)
def no_word_for_multi_class(it):
    if it.get("multi_class") == "deprecated":
        it.set("multi_class", "auto", "what the word means to its writer")
