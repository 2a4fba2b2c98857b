"""SparseCoder keeps its dictionary as its parameter since scikit-learn 0.24, as components_
before."""


@mend("sklearn", "SparseCoder", read=">=0.24")
def dictionary_as_parameter(it):
    it.rename("components_", "dictionary")


@mend("sklearn", "SparseCoder", read="<0.24")
def dictionary_as_components(it):
    if it.has("dictionary"):
        it.add("components_", it.get("dictionary"))
