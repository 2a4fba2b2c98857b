"""FunctionTransformer is asked for feature_names_out since scikit-learn 1.4.1; the parameter came
with 1.1."""

given("sklearn", "FunctionTransformer", feature_names_out=None)


@mend("sklearn", "FunctionTransformer", read="<0.24")
def validate_is_a_flag(it):
    if it.get("validate") is None:
        it.set("validate", False, "None means False")
