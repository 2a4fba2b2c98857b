"""Since scikit-learn 0.23 estimators check the number of their features against n_features_in_,
which earlier ones did not store. What they hold tells it: the shape of an array with a column a
feature."""

# Attributes with a column a feature, by class; the first that a state has counts.
COLUMNS = (
    ("CategoricalNB", "category_count_", "items"),
    ("PowerTransformer", "lambdas_", "items"),
    ("QuantileTransformer", "quantiles_", "columns"),
    ("MinMaxScaler StandardScaler RobustScaler MaxAbsScaler", "scale_", "items"),
    ("StandardScaler", "mean_", "items"),
    ("RobustScaler", "center_", "items"),
    ("KBinsDiscretizer", "n_bins_", "items"),
    ("SimpleImputer", "statistics_", "items"),
    ("KNNImputer", "_fit_X", "columns"),
    ("OneHotEncoder OrdinalEncoder", "categories_", "items"),
    ("VarianceThreshold", "variances_", "items"),
    (
        "SelectKBest SelectPercentile GenericUnivariateSelect SelectFpr SelectFdr SelectFwe",
        "scores_",
        "items",
    ),
    ("LinearModel LinearClassifierMixin BaseSGD LinearSVC LinearSVR", "coef_", "last"),
    ("BernoulliNB MultinomialNB ComplementNB", "feature_log_prob_", "columns"),
    ("GaussianNB", "theta_", "columns"),
    (
        "_BasePCA TruncatedSVD NMF FastICA FactorAnalysis SparsePCA LatentDirichletAllocation",
        "components_",
        "columns",
    ),
    ("KMeans MiniBatchKMeans", "cluster_centers_", "columns"),
    ("NeighborsBase", "_fit_X", "columns"),
    ("BaseLibSVM", "shape_fit_", "last-number"),
    ("GaussianProcessRegressor", "X_train_", "columns"),
    ("MissingIndicator", "_n_features", "number"),
    ("IsotonicRegression", "none", "items"),
)


def counted_as(value, how):
    shape = getattr(value, "shape", None)
    if how == "last-number":
        return int(value[-1])
    if how == "number":
        return int(value)
    if how == "items":
        return len(value)
    if shape is None or not shape:
        return None
    return int(shape[-1]) if how == "last" or len(shape) == 2 else None


@mend("sklearn", "BaseEstimator", written="<0.24", read=">=0.23", late=True)
def features_counted(it):
    if type(it.state) is not dict or it.has("n_features_in_"):
        return
    bases = {base.__name__ for base in type(it.owner).__mro__}
    for names, attribute, how in COLUMNS:
        if bases & set(names.split()) and it.get(attribute) is not None:
            count = counted_as(it.get(attribute), how)
            if count is not None and not hasattr(type(it.owner), "n_features_in_"):
                it.set("n_features_in_", count, "counted in %s" % attribute)
                return


@mend("sklearn", "MissingIndicator", written=">=0.24", read=">=0.23,<0.24", late=True)
def features_of_an_indicator(it):
    features_counted(it)
