"""SelectFromModel, RFE and RFECV have the parameter importance_getter since scikit-learn 0.24."""

given("sklearn", "SelectFromModel RFE RFECV", importance_getter="auto")
