"""The default of NMF's n_components is a word in scikit-learn 1.4 and later, which other
releases do not know where they check shapes. The number that it came to takes its place."""


@mend("sklearn", "NMF MiniBatchNMF", late=True)
def components_as_number(it):
    if isinstance(it.get("n_components"), str) and it.has("components_"):
        if it.written is None or it.read is None or it.written[:2] != it.read[:2]:
            it.set("n_components", int(it.get("components_").shape[0]), "what the word came to")
