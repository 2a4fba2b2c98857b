"""feature-engine 1.6 asks the encoder of rare labels what to do with missing values. Earlier
releases raised, and kept the frequent labels of a column as an index, where 1.6 adds to a list."""

given("feature_engine", "RareLabelEncoder", missing_values="raise")


@mend("feature_engine", "RareLabelEncoder", read=">=1.6")
def frequent_labels_in_lists(it):
    labels = it.get("encoder_dict_")
    if isinstance(labels, dict) and any(hasattr(known, "tolist") for known in labels.values()):
        lists = {name: list(known) for name, known in labels.items()}
        it.set("encoder_dict_", lists, "the same labels as lists")
