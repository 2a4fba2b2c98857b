"""In scikit-learn 1.0 and 1.1 the default of normalize is the word 'deprecated', which means False
there and True to earlier releases."""


@mend("sklearn", "LinearModel", written=">=1.0,<1.2", read="<1.0", late=True)
def no_word_for_normalize(it):
    if isinstance(it.get("normalize"), str):
        it.set("normalize", False, "what the word means to its writer")
