"""FastICA of scikit-learn 1.1 and 1.2 keeps what the parameter whiten came to as _whiten; the words
for it are new in 1.1, where releases before know true and false."""


@mend("sklearn", "FastICA", read=">=1.1,<1.3")
def whiten_as_private(it):
    it.add("_whiten", it.get("whiten"))


@mend("sklearn", "FastICA", read=">=1.3")
def whiten_as_word(it):
    if it.get("whiten") == "warn":
        it.set("whiten", it.get("_whiten", "arbitrary-variance"), "what the word came to")
    if it.get("whiten") is True:
        it.set("whiten", "arbitrary-variance", "what True means to the writer")


@mend("sklearn", "FastICA", read="<1.1")
def whiten_as_flag(it):
    if isinstance(it.get("whiten"), str):
        it.set("whiten", True, "what the word comes to when transforming")
