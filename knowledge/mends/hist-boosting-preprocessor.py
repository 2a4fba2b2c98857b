"""Since scikit-learn 1.4 hist gradient boosting prepares its input with a ColumnTransformer that
puts categorical columns first and encodes them. Older files do not have one: their trees know the
columns in place and their categories as they come, which is what the reader does without one."""


@mend("sklearn", "BaseHistGradientBoosting", read=">=1.4", late=True)
def hist_preprocessor(it):
    it.add("_preprocessor", None, "columns and categories are taken as they come")
    it.add("_is_categorical_remapped", it.get("is_categorical_"))
